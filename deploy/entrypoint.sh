#!/bin/sh
# What follows the image's name is a program of the image, or else what `genre` takes.
case "${1-}" in
    bash | dask | dvc | genre | mlflow | prefect | python | sh | workspace) exec "$@" ;;
    *) exec genre "$@" ;;
esac
