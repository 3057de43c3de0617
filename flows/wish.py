"""What a person asked `genre reproduce` for, and which stages of the study that means."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from components.errors import ParamsError
from components.study import declarations, found, plan
from flows.graph import Graph

#: Where data is looked for unless a folder is named, below the project's root.
RAW = Path("data") / "raw"
#: Added to the cost of an ablation: first what the study ran.
LAST = 10_000
#: ``--only kfold``: every model of the main table, all folds.
KFOLD = "kfold"


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a person asked for.

    Attributes
    ----------
    data : Path or None
        Folder to look for data in; ``data/raw`` by default.
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


def look(wish: Wish, *, root: Path) -> found.Found:
    """Look what data is there.

    Parameters
    ----------
    wish : Wish
        For ``data``.
    root : Path
        The project's root.

    Returns
    -------
    Found
        What was found; the embedded corpus where that is nothing.

    Raises
    ------
    ParamsError
        If the named folder does not exist, or holds none of the study's data.
    """
    if wish.data is not None:
        seen = found.look(wish.data)
        if not seen.sources:
            raise ParamsError(
                f"--data is {str(wish.data)!r}, which holds no audio, pictures or tables by genre; valid: a "
                "folder with GTZAN below it"
            )
        return seen
    if (root / RAW).is_dir():
        from components import params

        composed = {found.EMBEDDED, *params.load(root / "params.yaml").synthetic}
        seen = found.look(root / RAW, without=composed)
        if seen.sources:
            return seen
    return found.embedded(root)


def chosen(wish: Wish, *, document: Mapping[str, Any]) -> list[str]:
    """Say which experiments a wish is about.

    Parameters
    ----------
    wish : Wish
        For ``only``.
    document : mapping
        The plan.

    Returns
    -------
    list of str
        Experiments that can be run.

    Raises
    ------
    ParamsError
        If a name stands for nothing.
    """
    meant = named(wish)
    return [name for name in document["experiments"] if name in meant]


def named(wish: Wish) -> set[str]:
    """Say which experiments a wish names, whether or not the data is there.

    Parameters
    ----------
    wish : Wish
        For ``only``.

    Returns
    -------
    set of str
        All of them where it names none.

    Raises
    ------
    ParamsError
        If a name stands for nothing.
    """
    declared = declarations.load().experiments
    if not wish.only:
        return set(declared)
    names: set[str] = set()
    for word in wish.only:
        group = "model" if word == KFOLD else word
        fits = {
            name
            for name, experiment in declared.items()
            if group in (name, experiment.model, experiment.group)
        }
        # A model's name is also its first experiment's: then that one alone is meant.
        names |= {word} if word in declared else fits
        if not fits:
            groups = sorted({experiment.group for experiment in declared.values()})
            raise ParamsError(
                f"--only names {word!r}; valid: {KFOLD}, {', '.join(groups)}, {', '.join(declared)}"
            )
    return names


def listing(document: Mapping[str, Any], *, names: Collection[str]) -> list[str]:
    """Lay out the experiments for ``--list``.

    Parameters
    ----------
    document : mapping
        The plan.
    names : collection of str
        The experiments asked for.

    Returns
    -------
    list of str
        One line each: its fits, or what it needs.
    """
    lines = []
    for name, experiment in declarations.load().experiments.items():
        if name not in names:
            continue
        if name in document["not_run"]:
            state = f"not run: needs {document['not_run'][name]}"
        else:
            planned = document["experiments"][name]
            times = {"fault_filtered": planned["seeds"]}
            state = ", ".join(
                f"{protocol} x {times.get(protocol, planned['folds'])}" for protocol in planned["protocols"]
            )
        lines.append(f"{name:28} {experiment.title} ({experiment.variant}): {state}")
    return lines


def ordered(seen: Graph, *, document: Mapping[str, Any]) -> Graph:
    """Put cheap stages first: a page with most rows is there early.

    Parameters
    ----------
    seen : Graph
        As DVC has it.
    document : mapping
        The plan, for ``cost``.

    Returns
    -------
    Graph
        The same graph; a stage still starts only after all that it reads from.
    """
    cost = {
        f"fit@{name}": block["cost"] + (LAST if block["group"] == "ablation" else 0)
        for name, block in document["experiments"].items()
    }
    for stage in reversed(seen.order):
        # The report reads all; it makes nothing urgent.
        for above in seen.upstream[stage] if stage in cost else ():
            cost[above] = min(cost.get(above, cost[stage]), cost[stage])
    return dataclasses.replace(seen, order=tuple(sorted(seen.order, key=lambda stage: cost.get(stage, 0))))


def due(seen: Graph, *, names: Collection[str], force: bool) -> list[str]:
    """List the stages to run, in order, but for the report.

    Parameters
    ----------
    seen : Graph
        The study's graph as DVC has it.
    names : collection of str
        The experiments that are wanted.
    force : bool
        Run them even where nothing changed.

    Returns
    -------
    list of str
        Stage names.
    """
    stale, wanted = seen.stale(), seen.needed(f"fit@{name}" for name in names)
    return [stage for stage in seen.order if stage in wanted and (force or stage in stale)]


def prepare(wish: Wish, *, root: Path) -> tuple[found.Found, dict[str, Any]]:
    """Look what is there and write the plan.

    Parameters
    ----------
    wish : Wish
        What was asked for.
    root : Path
        The project's root.

    Returns
    -------
    tuple of Found and dict
        What was found, and the plan, which ``study/params.yaml`` now holds.

    Raises
    ------
    ParamsError
        If an option is not valid.
    """
    seen = look(wish, root=root)
    document = plan.make(seen, budget=wish.budget, root=root, search=wish.search, kfold=KFOLD in wish.only)
    chosen(wish, document=document)
    plan.write(document, root=root)
    (root / "data" / "study" / "experiments").mkdir(parents=True, exist_ok=True)
    (root / "data" / "study" / "costs").mkdir(exist_ok=True)
    return seen, document


def preview(wish: Wish, *, root: Path) -> list[str]:
    """Say what is there and what would be run; nothing is written.

    Parameters
    ----------
    wish : Wish
        What was asked for.
    root : Path
        The project's root.

    Returns
    -------
    list of str
        Lines to read.
    """
    seen = look(wish, root=root)
    document = plan.make(seen, budget=wish.budget, root=root, search=wish.search, kfold=KFOLD in wish.only)
    return [*seen.lines(), "", *listing(document, names=named(wish))]
