"""Selection of the study's experiments: by the options of a run and by the data that is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.core.errors import ParamsError
from components.study import declarations, discovery, plan
from components.study.declarations import Plan

#: Where data is looked for unless a folder is named, below the project's root.
RAW = Path("data") / "raw"
#: ``--only kfold``: every model of the main table, all folds.
KFOLD = "kfold"


@dataclass(frozen=True)
class StudyOptions:
    """Options of a run of the study.

    Attributes
    ----------
    data : Path or None
        Folder to look for data in; ``data/raw`` by default, and the embedded corpus where that holds none.
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


def look(options: StudyOptions, *, root: Path) -> discovery.Found:
    """Find the data; the embedded corpus where there is none.

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
        from components.config import params

        composed = {discovery.EMBEDDED, *params.load(root / "params.yaml").synthetic}
        found = discovery.look(root / RAW, without=composed)
        if found.sources:
            return found
    return discovery.embedded(root)


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
        fits = {
            name
            for name, experiment in declared.items()
            if group in (name, experiment.model, experiment.group)
        }
        # A model's name is also its first experiment's: then that one alone is selected.
        names |= {word} if word in declared else fits
        if not fits:
            groups = sorted({experiment.group for experiment in declared.values()})
            raise ParamsError(
                f"--only names {word!r}; valid: {KFOLD}, {', '.join(groups)}, {', '.join(declared)}"
            )
    return names


def chosen(options: StudyOptions, *, document: Plan) -> list[str]:
    """Return the named experiments that the plan ``document`` can run, in its order."""
    names = named(options)
    return [name for name in document.experiments if name in names]


def prepare(options: StudyOptions, *, root: Path) -> tuple[discovery.Found, Plan]:
    """Find the data and write the plan into ``study/params.yaml``; return both.

    Raises
    ------
    ParamsError
        If an option is not valid.
    """
    found, document = _planned(options, root=root)
    named(options)
    plan.write(document, root=root)
    (root / "data" / "study" / "experiments").mkdir(parents=True, exist_ok=True)
    (root / "data" / "study" / "costs").mkdir(exist_ok=True)
    return found, document


def preview(options: StudyOptions, *, root: Path) -> list[str]:
    """Return lines on what is there and what would be run; nothing is written."""
    found, document = _planned(options, root=root)
    return [*found.lines(), "", *listing(document, names=named(options))]


def _planned(options: StudyOptions, *, root: Path) -> tuple[discovery.Found, Plan]:
    found = look(options, root=root)
    kfold = KFOLD in options.only
    return found, plan.make(found, budget=options.budget, root=root, search=options.search, kfold=kfold)


def listing(document: Plan, *, names: Collection[str]) -> list[str]:
    """Return one line for each named experiment of the plan: its fits, or what it needs."""
    lines = []
    for name, experiment in declarations.load().experiments.items():
        if name not in names:
            continue
        if name in document.not_run:
            state = f"not run: needs {document.not_run[name]}"
        else:
            planned = document.experiments[name]
            times = {"fault_filtered": planned.seeds}
            state = ", ".join(
                f"{protocol} x {times.get(protocol, planned.folds)}" for protocol in planned.protocols
            )
        lines.append(f"{name:28} {experiment.title} ({experiment.variant}): {state}")
    return lines
