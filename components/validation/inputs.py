"""What a suite looks at: the feature as it lies on disk, and what the corpus and the split say it should hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components.config.params import Params
from components.core.errors import FeatureError, ValidationError
from components.validation.limits import ValidationParams, parse


@dataclass(frozen=True)
class Inputs:
    """A feature beside what it was made from.

    Attributes
    ----------
    feature : str
        Its name.
    index : DataFrame
        ``index.parquet``, as it is.
    values : ndarray
        ``values.npy``, memory-mapped, as it is.
    meta : dict
        ``meta.json``, as it is.
    listing : DataFrame
        The corpus listing that the feature goes back to.
    split : DataFrame
        The split's rows of the feature's unit.
    params : Params
        All params.
    limits : ValidationParams
        The checked block ``validation``.
    """

    feature: str
    index: pd.DataFrame
    values: np.ndarray
    meta: dict[str, Any]
    listing: pd.DataFrame
    split: pd.DataFrame
    params: Params
    limits: ValidationParams

    @property
    def unit(self) -> str:
        """What a row should stand for: ``segment`` or ``track``."""
        return self.params.feature(self.feature).unit

    @property
    def source(self) -> str:
        """Which listing the feature goes back to: ``audio``, ``pictures`` or ``table``."""
        return source(self.feature, params=self.params)

    @property
    def nyquist(self) -> float:
        """Half the sample rate of the feature's audio, in Hz."""
        return float(self.meta["sample_rate"]) / 2.0

    @property
    def usable(self) -> pd.DataFrame:
        """The listing's tracks without a fault."""
        return self.listing[self.listing["fault"] == ""]


def source(feature: str, *, params: Params) -> str:
    """Follow ``reads`` from feature to feature down to a listing.

    Parameters
    ----------
    feature : str
        A key of ``features``.
    params : Params
        All params.

    Returns
    -------
    str
        The listing's name.

    Raises
    ------
    ValidationError
        If features read each other in a circle.
    """
    seen = [feature]
    while (reads := params.feature(seen[-1]).reads).startswith("data/features/"):
        name = Path(reads).name
        if name in seen:
            raise ValidationError(f"features read each other in a circle: {' <- '.join([*seen, name])}")
        seen.append(name)
    return Path(reads).stem


def read(feature: str, *, params: Params, root: Path = Path("data")) -> Inputs:
    """Read a feature without trusting it: nothing is assumed but that its three files can be opened.

    Parameters
    ----------
    feature : str
        A feature that has been extracted.
    params : Params
        All params.
    root : Path
        The data folder.

    Returns
    -------
    Inputs
        See there.

    Raises
    ------
    FeatureError
        If a file of the feature is missing or cannot be read.
    CorpusError, LeakError, ParamsError
        If the listing, the split or the block ``validation`` cannot be read.
    """
    from components.corpus import store as corpus_store
    from components.splits import store as split_store

    unit = params.feature(feature).unit
    folder = Path(root) / "features" / feature
    try:
        index = pd.read_parquet(folder / "index.parquet")
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    # pyarrow's ArrowInvalid and json's JSONDecodeError are ValueErrors; numpy raises EOFError on an empty file.
    except (OSError, ValueError, EOFError) as error:
        raise FeatureError(
            f"feature {feature!r} in {folder} cannot be read ({' '.join(str(error).split())}); "
            f"make it again: genre features {feature}"
        ) from error
    if not isinstance(meta, dict):
        raise FeatureError(f"{folder / 'meta.json'} holds {type(meta).__name__}; valid: an object")
    split = split_store.read(root)[0]
    return Inputs(
        feature=feature,
        index=index,
        values=values,
        meta=meta,
        listing=corpus_store.read(source(feature, params=params), root=root),
        split=split[split["unit"] == unit],
        params=params,
        limits=parse(params.validation),
    )
