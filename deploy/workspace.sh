#!/bin/sh
# workspace FOLDER: make a folder, such as a mounted volume, a workspace with the code of this image.
# Called again with a newer image it brings the newer code; params, data, models and DVC's cache stay as they are.
set -eu
folder=${1:?the folder is not named}
cd /genre
mkdir -p "$folder" 2> /dev/null || true
test -d "$folder" && test -w "$folder" || {
    echo "workspace: $folder cannot be written by user $(id -u); valid: a new volume, or a folder of that user (chown)" >&2
    exit 2
}
mkdir -p "$folder/.dvc" "$folder/data/inbox" "$folder/mlruns" "$folder/.prefect"
for code in components flows; do
    # Left alone where it is the same: somebody may be working with it.
    diff -rq --exclude=__pycache__ "$code" "$folder/$code" > /dev/null 2>&1 && continue
    rm -rf "${folder:?}/$code"
    # With times: what Numba has compiled belongs to files of that time.
    cp -r --preserve=timestamps "$code" "$folder"
done
cp -r --preserve=timestamps study dvc.yaml .dvcignore .revision pyproject.toml prefect.yaml "$folder"
cp .dvc/config .dvc/config.local "$folder/.dvc"
test -e "$folder/params.yaml" || cp params.yaml "$folder"
