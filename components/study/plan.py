"""``study/params.yaml``: the declared experiments that the data and the options of a run allow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml
from pydantic import ValidationError

from components import features
from components.config import params
from components.config.params import SegmentsParams, describe
from components.core import atomic, hashing
from components.core.errors import ParamsError
from components.core.yaml_loader import explain, load_yaml
from components.corpus import published_metadata
from components.features.encoders.base import UNTRAINED
from components.study import declarations, discovery
from components.study.declarations import (
    Feature,
    Plan,
    PlannedExperiment,
    PlannedFeature,
    PlannedSource,
    Source,
    preset,
)
from components.study.discovery import CORPUS, LABELS, SECONDS, SYNTHETIC, WHOLE_COLLECTION, Found

#: Where the study's pipeline lies, and where it writes, below the project's root.
FOLDER, DATA = Path("study"), Path("data") / "study"
#: Where data is looked for unless a folder is named, below the project's root.
RAW = Path("data") / "raw"
#: The source of other songs of the collection, listed beside its own.
BESIDE = "clips"
#: ``--only kfold``: every model of the main table, all folds.
KFOLD = "kfold"
HEADER = """# Written by `genre reproduce` from components/study/experiments.yaml and the data it found.
# Not to be edited: what is run is declared there.
"""


@dataclass(frozen=True)
class StudyOptions:
    """Options of a run of the study.

    Attributes
    ----------
    data : Path or None
        Folder to look for data in; ``data/raw`` by default, and the synthetic corpus where that holds none.
    only : tuple of str
        Experiments, models, groups (``model``, ``ablation``, ``side``) or ``kfold``; all where empty.
    budget : str
        ``quick`` or ``full``.
    search : bool
        Search each model of the main table first.
    force : bool
        Run stages even where nothing changed.
    """

    data: Path | None = None
    only: tuple[str, ...] = ()
    budget: str = "full"
    search: bool = False
    force: bool = False

    def as_parameters(self) -> dict[str, Any]:
        """Return the options as plain values, for the parameters of a flow."""
        return asdict(self) | {"data": str(self.data) if self.data else None, "only": list(self.only)}


def make(found: Found, *, budget: str, root: Path, search: bool = False, kfold: bool = False) -> Plan:
    """Plan the study for the data that was found.

    Parameters
    ----------
    found : Found
        The data.
    budget : str
        ``quick`` or ``full``.
    search : bool
        Search each model of the main table with its variant's budget, instead of taking its first set.
    kfold : bool
        Run all folds of every model of the main table, however long they take.

    Returns
    -------
    Plan
        Only with the sources and features that an experiment uses.

    Raises
    ------
    ParamsError
        If there is no such budget.
    """
    study = declarations.load()
    if budget not in study.budgets:
        raise ParamsError(f"--budget is {budget!r}; valid: {', '.join(study.budgets)}")
    times = study.budgets[budget]
    experiments: dict[str, PlannedExperiment] = {}
    not_run: dict[str, str] = {}
    for name, experiment in study.experiments.items():
        place = study.features[experiment.feature].source
        source = study.sources[place]
        if source.form not in found.sources:
            not_run[name] = f"the {LABELS[source.form]}"
            continue
        # The published lists are of a thousand tracks: with few of them it is another split, and is not made.
        whole = found.sources[source.form].tracks >= WHOLE_COLLECTION and source.tracks_per_genre is None
        possible = {"fault_filtered": bool(found.lists and whole), "artist": found.artists_known(source.form)}
        most = experiment.at_most or max(times.folds, times.seeds)
        if budget == "quick" and experiment.quick:
            most = min(most, experiment.quick)
        main = experiment.group == "model"
        experiments[name] = PlannedExperiment(
            **experiment.model_dump(exclude={"protocols"}),
            protocols=[one for one in experiment.protocols if possible.get(one, True)],
            source=place,
            beside=[BESIDE] if source.form in found.beside else [],
            form=source.form,
            network=preset(experiment.preset)["models"][experiment.model]["network"],
            folds=study.budgets["full"].folds if kfold and main else min(times.folds, most),
            seeds=min(times.seeds, most),
            artists=possible["artist"],
            tuned=search and main,
        )
    used = {name for one in experiments.values() for name in chain(one.feature, features=study.features)}
    blocks = {name: _feature(block, found=found) for name, block in study.features.items() if name in used}
    sources = {
        name: _source(
            study.sources[name], path=found.sources[study.sources[name].form].path, workspace=name, root=root
        )
        for name in dict.fromkeys(block.source for block in blocks.values())
    }
    for name, source in list(sources.items()):
        if one := found.beside.get(source.form):
            sources[BESIDE] = _source(Source(form=source.form), path=one.path, workspace=name, root=root)
    published = [found.lists / name for name in published_metadata.LISTS.values()] if found.lists else []
    published += [found.artists] if found.artists else []
    return Plan(
        budget=budget,
        seed=preset("gtzan")["seed"],
        synthetic={SYNTHETIC: dict(CORPUS)} if found.synthetic else {},
        found=found.lines(),
        lists=str(found.lists) if found.lists else None,
        artists=str(found.artists) if found.artists else None,
        checksum=hashing.files(published),
        segments=SegmentsParams(
            seconds=SECONDS,
            per_track=3 if found.synthetic else 10,
            shortest=preset("gtzan")["segments"]["shortest"],
        ),
        sources=sources,
        features=blocks,
        experiments=experiments,
        reports=["study"],
        not_run=not_run,
    )


def chain(name: str, *, features: Mapping[str, Feature]) -> Iterator[str]:
    """Yield a feature after those that it is made from."""
    before = PurePath(features[name].reads).name
    if before in features:
        yield from chain(before, features=features)
    yield name


def _feature(block: Feature, *, found: Found) -> PlannedFeature:
    weights = {
        encoder: UNTRAINED if block.untrained else found.weights[encoder]
        for encoder in features.load(block.extractor).ENCODERS
    }
    options = block.options or preset(block.preset)["features"][block.extractor].get("options", {})
    return PlannedFeature(**block.model_dump(exclude={"options"}), options=options, pretrained=weights)


def _source(declared: Source, *, path: Path, workspace: str, root: Path) -> PlannedSource:
    path = path.resolve()
    if path.is_relative_to(root.resolve()):
        # From the folder of the pipeline: DVC ties a stage's output to another's dependency by the path.
        path = Path("..") / path.relative_to(root.resolve())
    return PlannedSource(**declared.model_dump(), path=str(path), workspace=workspace)


def write(plan: Plan, *, root: Path) -> bool:
    """Write ``study/params.yaml`` where it differs; return whether it was written."""
    text = HEADER + yaml.safe_dump(
        plan.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    path = root / FOLDER / "params.yaml"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    with atomic.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def read(root: Path) -> Plan:
    """Read ``study/params.yaml``.

    Raises
    ------
    ParamsError
        If it is missing or holds no plan.
    """
    path = root / FOLDER / "params.yaml"
    try:
        return Plan.model_validate(load_yaml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ParamsError(f"{path}: {describe(error)}; `genre reproduce` writes it") from error
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(f"{path} cannot be read ({explain(error)}); `genre reproduce` writes it") from error


def look(options: StudyOptions, *, root: Path) -> Found:
    """Find the data; the synthetic corpus where there is none.

    Raises
    ------
    ParamsError
        If the named folder does not exist, or holds none of the study's data.
    """
    if options.data is not None:
        found = discovery.look(options.data)
        if not found.sources:
            raise ParamsError(
                f"--data is {str(options.data)!r}, which holds no audio, pictures or tables by genre; valid: a "
                "folder with GTZAN below it"
            )
        return found
    if (root / RAW).is_dir():
        composed = {SYNTHETIC, *params.load(root / "params.yaml").synthetic}
        found = discovery.look(root / RAW, without=composed)
        if found.sources:
            return found
    return discovery.synthetic(root)


def named(options: StudyOptions) -> set[str]:
    """Return the experiments that the options name, whether or not their data is there; all where they name none.

    Raises
    ------
    ParamsError
        If a name stands for nothing.
    """
    declared = declarations.load().experiments
    if not options.only:
        return set(declared)
    names: set[str] = set()
    for word in options.only:
        group = "model" if word == KFOLD else word
        # A model's name is also its first experiment's: then that one alone is selected.
        same = {word} & declared.keys() or {
            name for name, one in declared.items() if group in (one.model, one.group)
        }
        if not same:
            valid = [KFOLD, *sorted({one.group for one in declared.values()}), *declared]
            raise ParamsError(f"--only names {word!r}; valid: {', '.join(valid)}")
        names |= same
    return names


def chosen(options: StudyOptions, *, document: Plan) -> list[str]:
    """Return the named experiments that the plan ``document`` can run, in its order."""
    names = named(options)
    return [name for name in document.experiments if name in names]


def prepare(options: StudyOptions, *, root: Path) -> tuple[Found, Plan]:
    """Find the data and write the plan into ``study/params.yaml``; return both.

    Raises
    ------
    ParamsError
        If an option is not valid.
    """
    found, document = _planned(options, root=root)
    named(options)
    write(document, root=root)
    for folder in ("experiments", "costs"):
        (root / DATA / folder).mkdir(parents=True, exist_ok=True)
    return found, document


def preview(options: StudyOptions, *, root: Path) -> list[str]:
    """Return lines on what is there and what would be run; nothing is written."""
    found, document = _planned(options, root=root)
    return [*found.lines(), "", *listing(document, names=named(options))]


def _planned(options: StudyOptions, *, root: Path) -> tuple[Found, Plan]:
    found = look(options, root=root)
    kfold = KFOLD in options.only
    return found, make(found, budget=options.budget, root=root, search=options.search, kfold=kfold)


def listing(document: Plan, *, names: Collection[str]) -> list[str]:
    """Return one line for each named experiment of the plan: its fits, or what it needs."""
    lines = []
    for name, experiment in declarations.load().experiments.items():
        if name not in names:
            continue
        if planned := document.experiments.get(name):
            times = {
                one: planned.seeds if one == "fault_filtered" else planned.folds for one in planned.protocols
            }
            state = ", ".join(f"{protocol} x {count}" for protocol, count in times.items())
        else:
            state = f"not run: needs {document.not_run[name]}"
        lines.append(f"{name:28} {experiment.title} ({experiment.variant}): {state}")
    return lines
