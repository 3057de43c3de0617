#!/bin/sh
# workspace FOLDER: make a folder, such as a mounted volume, a workspace with the code of this image.
# Called again with a newer image it brings the newer code; params, data, models and DVC's cache stay as they are.
set -eu
folder=${1:?the folder is not named}
cd /genre
rm -rf "$folder/components" "$folder/flows" "$folder/study"
mkdir -p "$folder/.dvc" "$folder/data/inbox" "$folder/mlruns" "$folder/.prefect"
# With times: what Numba has compiled belongs to files of that time.
cp -r --preserve=timestamps components flows study dvc.yaml .dvcignore .revision pyproject.toml prefect.yaml "$folder"
cp .dvc/config .dvc/config.local "$folder/.dvc"
test -e "$folder/params.yaml" || cp params.yaml "$folder"
