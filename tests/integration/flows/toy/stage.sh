# stage.sh NAME INPUT OUTPUT [UNITS]: copy, or do what the test planted for NAME.
echo "$1" >> started.log
if [ -f "fails-$1" ]; then . "./fails-$1"; fi
if [ -p "blocks-$1" ]; then echo "blocked"; read -r _ < "blocks-$1"; fi
echo "working on $1"
{ cat "$2"; echo "$4"; } > "$3"
