"""Features, one file each. A file is a feature if it has ``Options``, ``SAMPLE_RATE`` and ``extract``.

Beside those, a feature's file holds:

``READS``
    what it can be made from: ``audio``, ``table``, ``pictures``, or the name of another feature;
``ENCODERS``
    files of :mod:`components.features.encoders`, often none: ``extract`` takes them, loaded, in this order, as
    ``encoders``;
``NAMES``
    names of its columns, or None;
``UNITS``
    which of ``segment`` and ``track`` it can be made for.

An encoder's own file may be a feature as well.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from components.config.params import LISTINGS, Params, describe
from components.config.sources import Form
from components.core.errors import ParamsError
from components.features.encoders import base as encoders


def names() -> list[str]:
    """List the features there are, sorted."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    own = {module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg}
    return tuple(sorted(own | {name for name in encoders.names() if hasattr(encoders.find(name), "extract")}))


def load(name: str) -> ModuleType:
    """Import one feature.

    Raises
    ------
    ParamsError
        If there is no such feature.
    """
    if name not in names():
        raise ParamsError(f"extractor {name!r} is not known; valid: {', '.join(names())}")
    folder = ".encoders" if name in encoders.names() else ""
    return import_module(f"components.features{folder}.{name}")


def options(name: str, *, params: Params) -> Any:
    """Check a feature's options, and fill in their defaults.

    Returns
    -------
    pydantic.BaseModel
        The feature's ``Options``.

    Raises
    ------
    ParamsError
        If the feature or an option is not known, a value is not valid, or the feature cannot be made from
        what it ``reads`` or for its ``unit``.
    """
    block = params.feature(name)
    module = load(block.extractor)
    source = params.feature(block.upstream).extractor if block.upstream else form_read(name, params=params)
    if source not in module.READS:
        raise ParamsError(
            f"features.{name}.reads is {block.reads!r}; {block.extractor} is made from: {', '.join(module.READS)}"
        )
    if block.augment and source != "audio":
        raise ParamsError(
            f"features.{name}.augment changes audio; valid: a feature that reads audio, not {source}"
        )
    if block.unit not in module.UNITS:
        raise ParamsError(f"features.{name}.unit is {block.unit!r}; valid: {', '.join(module.UNITS)}")
    try:
        return module.Options.model_validate(block.options)
    except ValidationError as error:
        raise ParamsError(f"features.{name}.options: {describe(error)}") from error


def form_read(name: str, *, params: Params) -> Form:
    """Return the form of the sources that a feature reads: ``audio``, ``pictures`` or ``table``.

    Of ``data/corpus``, all sources, it is the first that its file can be made from and the corpus has.
    """
    block, corpus = params.feature(name), params.corpus
    if block.reads != LISTINGS:
        return corpus.sources[Path(block.reads).stem].form
    forms: list[Form] = [source.form for source in corpus.sources.values()]
    return next((form for form in load(block.extractor).READS if form in forms), forms[0])


def sources_read(name: str, *, params: Params) -> list[str]:
    """List the sources of the corpus that a feature reads, sorted."""
    reads = params.feature(name).reads
    every = params.corpus.of_form(form_read(name, params=params))
    return every if reads == LISTINGS else [Path(reads).stem]
