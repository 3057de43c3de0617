"""Checks of names, options and places in ``params.yaml``, before the first stage runs.

They stand with the stages, not with the params: what a file of ``components/features`` or a reader of published lists
takes is known there, and the params know of no room above them.
"""

from __future__ import annotations

import os
from pathlib import Path

from components import features, models
from components.config import presets
from components.config.params import Params
from components.core.errors import CorpusError, GenreError, ParamsError
from components.corpus import labels, locations, published_metadata
from components.corpus import store as corpus_store
from components.corpus.synthetic import params as synthetic
from components.features.encoders import base as encoders


def check_all(params: Params, *, root: Path = Path("data")) -> None:
    """Check every name, option and place.

    Raises
    ------
    ParamsError
        If there is no such preset, a model or feature has no file, an option is unknown or of a wrong value, or what
        others have published is missing, or the music to evaluate on.
    LeakError
        If a track is in two published lists.
    CorpusError
        If the corpus is missing, or a manifest or mapping file is missing or has changed.
    GenreError
        If the data folder cannot be written.
    """
    presets.check(params.preset)
    for name, model in params.models.items():
        for variant in model.variants.values():
            try:
                models.check(model.network, build=variant.build)
            except ParamsError as error:
                raise ParamsError(f"models.{name}: {error}") from error
    for name in params.features:
        features.options(name, params=params)
    encoders.check(params.pretrained)
    for name in params.synthetic:
        synthetic.block(name, params=params)
    for source, place in params.corpus.sources.items():
        if locations.is_remote(place.path):
            key = f"corpus.sources.{source}.path"
            locations.require_reachable(place.path, key=key)
            if place.form == "table":
                raise CorpusError(f"{key} is {place.path!r}; valid for a table: a CSV file on this machine")
        elif source not in params.composed_sources and not Path(place.path).exists():
            raise CorpusError(
                f"corpus.sources.{source}.path {place.path!r} does not exist; valid: a folder with one subfolder a "
                f"genre (or a CSV for table). `genre download` downloads GTZAN, "
                f"`genre config use {params.preset} --corpus-path {source}=PATH` takes a folder you have"
            )
        if place.form != "table" and source not in params.composed_sources:
            own = corpus_store.place(source, params=params, root=root)
            labels.check(place, place=own, key=f"corpus.sources.{source}", root=root)
    if (elsewhere := params.promotion.evaluate_on) is not None and not Path(elsewhere).exists():
        raise ParamsError(
            f"promotion.evaluate_on {elsewhere!r} does not exist; valid: a folder of genres, a manifest, "
            "or null"
        )
    for name in params.corpus.published:
        published_metadata.find(name, params=params, root=root)
    try:
        root.mkdir(exist_ok=True)
    except OSError as error:
        raise GenreError(f"{root} cannot be made ({error.strerror}); valid: a writable folder") from error
    if not os.access(root, os.W_OK):
        raise GenreError(f"{root} cannot be written; valid: a writable folder")
