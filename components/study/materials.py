"""The stages that make what the experiments hear: list each source once, extract each feature once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

from components.core import atomic
from components.core.errors import ParamsError
from components.core.processes import peak_memory_mib
from components.corpus import store as corpus_store
from components.corpus.store import COLUMNS
from components.features.pipeline import store as feature_store
from components.stages import corpus, features, synthesise
from components.study import plan
from components.study.discovery import EMBEDDED

#: Below the project's root.
DATA = Path("data") / "study"
#: Why a track is left out that a material's ``tracks_per_genre`` does not reach.
BEYOND = "beyond the material's tracks_per_genre"


def compose(*, root: Path = Path()) -> None:
    """Compose the embedded corpus for the study: ``data/raw/study``.

    Parameters
    ----------
    root : Path
        The project's root.
    """
    document = plan.read(root)
    first = next(iter(document["materials"]))
    synthesise.run(EMBEDDED, params=plan.params(document, material=first, root=root), root=root / "data")


def list_source(name: str, *, root: Path = Path()) -> None:
    """List one source: ``data/study/sources/<name>/corpus``.

    Parameters
    ----------
    name : str
        A source of the plan.
    root : Path
        The project's root.

    Raises
    ------
    ParamsError
        If the plan has no such source.
    CorpusError
        As :func:`components.stages.corpus.run`.
    """
    document = plan.read(root)
    if name not in document["sources"]:
        raise ParamsError(f"source {name!r} is not in the plan; valid: {', '.join(document['sources'])}")
    root = root.resolve()
    material = next(key for key, block in document["materials"].items() if block["source"] == name)
    chosen = plan.params(document, material=material, root=root)
    corpus.run(document["sources"][name]["kind"], params=chosen, root=root / DATA / "sources" / name)


def extract(name: str, *, root: Path = Path()) -> None:
    """Extract one material: ``data/study/materials/<name>`` and, of what it took, ``data/study/costs/<name>.json``.

    Parameters
    ----------
    name : str
        A material of the plan.
    root : Path
        The project's root.

    Raises
    ------
    ParamsError
        If the plan has no such material.
    GenreError
        As :func:`components.stages.features.run`.
    """
    document = plan.read(root)
    if name not in document["materials"]:
        raise ParamsError(f"material {name!r} is not in the plan; valid: {', '.join(document['materials'])}")
    block = document["materials"][name]
    root = root.resolve()
    place = root / DATA / "materials" / name
    listing = corpus_store.read(
        kind := document["sources"][block["source"]]["kind"],
        root=root / DATA / "sources" / block["source"],
    )
    if block["tracks_per_genre"]:
        listing = spread(listing, tracks_per_genre=block["tracks_per_genre"])
    with atomic.replacing_folder(place / "corpus") as folder:
        listing[list(COLUMNS)].to_parquet(folder / f"{kind}.parquet", index=False)
    chosen = plan.params(document, material=name, root=root)
    began = time.perf_counter()
    for feature in [*([block["through"]] if block["through"] else []), block["feature"]]:
        features.run(feature, params=chosen, root=place)
    seconds = time.perf_counter() - began
    if block["through"]:
        # Pictures are large, and drawn again quickly from their chunks.
        shutil.rmtree(feature_store.folder(block["through"], root=place))
    peak = max(peak_memory_mib(), peak_memory_mib(children=True))
    values = feature_store.folder(block["feature"], root=place) / "values.npy"
    atomic.write_json(
        root / DATA / "costs" / f"{name}.json",
        {"seconds": seconds, "peak_memory_mib": peak, "bytes": values.stat().st_size},
    )


def spread(listing: pd.DataFrame, *, tracks_per_genre: int) -> pd.DataFrame:
    """Take some usable tracks of each genre, evenly over its names.

    Neighbours by name are often of one artist: the first thirty blues of GTZAN are by three.

    Parameters
    ----------
    listing : DataFrame
        From :func:`components.corpus.store.read`.
    tracks_per_genre : int
        How many.

    Returns
    -------
    DataFrame
        The same rows; the others are marked as left out.
    """
    usable = corpus_store.usable(listing).sort_values("track")
    kept: set[str] = set()
    for _, tracks in usable.groupby("genre")["track"]:
        places = np.linspace(0, len(tracks) - 1, min(tracks_per_genre, len(tracks))).round().astype(int)
        kept.update(tracks.iloc[places])
    beyond = (listing["fault"] == "") & ~listing["track"].isin(kept)
    return listing.assign(fault=listing["fault"].mask(beyond, BEYOND))
