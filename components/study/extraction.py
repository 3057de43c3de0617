"""The study's sources and features, by the workflow's own stages: a workspace for each source, and what lies beside it.

``data/study/sources/NAME`` is laid out as any workspace, with ``data/corpus`` and ``data/features``.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from components.config.params import Params
from components.core import atomic
from components.core.processes import peak_memory_mib
from components.corpus import store as corpus_store
from components.stages import corpus, features, synthesise
from components.study import plan as study_plan
from components.study.declarations import Plan, PlannedExperiment, preset
from components.study.discovery import SYNTHETIC
from components.study.plan import DATA

#: Why a track is left out that ``tracks_per_genre`` does not reach.
BEYOND = "beyond the source's tracks_per_genre"


def params(plan: Plan, experiment: PlannedExperiment, *, root: Path) -> Params:
    """Lay an experiment over its preset.

    Parameters
    ----------
    plan : Plan
        That the experiment is of.
    experiment : PlannedExperiment
        Its features and its model alone are in the params, the model in one variant.
    root : Path
        The project's root, from which relative paths start.
    """
    whole = preset(experiment.preset)
    sources = {name: plan.sources[name] for name in (experiment.source, *experiment.beside)}
    model = whole["models"][experiment.model]
    variant = model["variants"][experiment.variant]
    if experiment.search:
        variant = experiment.search.model_dump()
    # The study's own probabilities were not calibrated.
    training = (variant.get("training") or whole["training"]) | {"calibrate": False} | experiment.training
    changed = {
        "preset": "study",
        "seed": plan.seed,
        "synthetic": plan.synthetic,
        "segments": plan.segments,
        "corpus": whole["corpus"]
        | {
            "minimum_tracks": 5,
            "sources": {
                name: {"path": str((root / study_plan.FOLDER / source.path).resolve()), "form": source.kind}
                for name, source in sources.items()
            },
        },
        "features": {
            name: plan.features[name] for name in study_plan.chain(experiment.feature, features=plan.features)
        },
        "models": {
            experiment.model: model
            | {"feature": experiment.feature, "variant": experiment.variant}
            | {"variants": {experiment.variant: variant | {"training": training}}}
        },
        "pretrained": whole["pretrained"] | plan.features[experiment.feature].pretrained,
        "allow_untrained_encoders": True,
    }
    return Params.model_validate(whole | changed)


def workspace(source: str, *, root: Path) -> Path:
    """Return the workspace of a source."""
    return root.resolve() / DATA / "sources" / source


def compose(*, root: Path = Path()) -> None:
    """Compose the synthetic corpus: ``data/raw/study``."""
    plan = study_plan.read(root)
    first = next(iter(plan.experiments.values()))
    synthesise.run(SYNTHETIC, params=params(plan, first, root=root), root=root / "data")


def list_source(name: str, *, root: Path = Path()) -> None:
    """List the tracks of one source; of each genre ``tracks_per_genre``, where it has that.

    Raises
    ------
        If the plan has no such source.
    CorpusError
        As :func:`components.stages.corpus.run`.
    """
    plan = study_plan.read(root)
    source = plan.named("sources", name)
    user = next(one for one in plan.experiments.values() if one.source == source.workspace)
    data = workspace(source.workspace, root=root) / "data"
    listing = corpus.run(name, params=params(plan, user, root=root), root=data)
    if source.tracks_per_genre:
        with atomic.replacing(data / "corpus" / f"{name}.parquet") as path:
            spread(listing, tracks_per_genre=source.tracks_per_genre).to_parquet(path, index=False)


def extract(name: str, *, root: Path = Path()) -> None:
    """Extract one feature, and write what that cost: ``data/study/costs/<name>.json``.

    Raises
    ------
        If the plan has no such feature.
    GenreError
        As :func:`components.stages.features.run`.
    """
    plan = study_plan.read(root)
    source = plan.named("features", name).source
    user = next(
        one
        for one in plan.experiments.values()
        if name in study_plan.chain(one.feature, features=plan.features)
    )
    began = time.perf_counter()
    features.run(name, params=params(plan, user, root=root), root=workspace(source, root=root) / "data")
    seconds = time.perf_counter() - began
    cost = {"seconds": seconds, "peak_memory_mib": max(peak_memory_mib(), peak_memory_mib(children=True))}
    atomic.write_json(root / DATA / "costs" / f"{name}.json", cost)


def spread(listing: pd.DataFrame, *, tracks_per_genre: int) -> pd.DataFrame:
    """Keep some usable tracks of each genre, evenly over its names; mark the others as left out.

    Neighbours by name are often of one artist: the first thirty blues of GTZAN are by three.

    Parameters
    ----------
    listing : DataFrame
        From :func:`components.corpus.store.read`.
    tracks_per_genre : int
        The most that a genre keeps.
    """
    kept: set[str] = set()
    for _, tracks in corpus_store.usable(listing).sort_values("track").groupby("genre")["track"]:
        places = np.linspace(0, len(tracks) - 1, min(tracks_per_genre, len(tracks))).round().astype(int)
        kept.update(tracks.iloc[places])
    beyond = (listing["fault"] == "") & ~listing["track"].isin(kept)
    return listing.assign(fault=listing["fault"].mask(beyond, BEYOND))
