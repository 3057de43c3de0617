"""What DVC knows before a run: the order of the stages, who reads whom, and who is stale.

Stages and their order come from DVC alone, so a model added to ``params.yaml`` needs no change here. DVC is
asked in a process of its own (``python -m flows.pipeline.graph``): it changes loggers and locks of the process it is in.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.core.errors import GenreError, ParamsError


class GraphError(GenreError):
    """DVC could not read the graph: ``dvc.yaml``, ``dvc.lock`` or ``params.yaml`` is missing or broken."""

    exit_status = 2


@dataclass(frozen=True)
class Graph:
    """The stages and what is stale.

    Attributes
    ----------
    order : tuple of str
        Stage names, each after all that it reads from.
    upstream : mapping of str to tuple of str
        Per stage, the stages it reads from directly.
    changed : mapping of str to str
        Stages that DVC calls changed, with its reason in one line.
    """

    order: tuple[str, ...]
    upstream: Mapping[str, tuple[str, ...]]
    changed: Mapping[str, str]

    def stale(self) -> dict[str, str]:
        """Return all stages that have to run, with why: the changed ones and all downstream of them.

        Returns
        -------
        dict of str to str
            In order.
        """
        found: dict[str, str] = {}
        for stage in self.order:
            if stage in self.changed:
                found[stage] = self.changed[stage]
            elif reads := [above for above in self.upstream[stage] if above in found]:
                found[stage] = f"reads {', '.join(reads)}"
        return found

    def needed(self, targets: Iterable[str]) -> set[str]:
        """Return ``targets`` and all stages they read from, directly or not.

        Parameters
        ----------
        targets : iterable of str
            Stage names.

        Returns
        -------
        set of str
            Stage names.
        """
        wanted = set(targets)
        for stage in reversed(self.order):
            if stage in wanted:
                wanted.update(self.upstream[stage])
        return wanted

    def models(self) -> tuple[str, ...]:
        """Return the models, that is the names of the stages ``train@NAME``, in order."""
        return tuple(stage.partition("@")[2] for stage in self.order if stage.startswith("train@"))

    def for_models(self, models: Iterable[str] | None) -> set[str]:
        """Return the stages a run of some models is about.

        Parameters
        ----------
        models : iterable of str or None
            Model names; None for the whole graph.

        Returns
        -------
        set of str
            Stage names: up to each model's training, and the comparison (which may turn out not to be due).

        Raises
        ------
        ParamsError
            If there is no such model.
        """
        if models is None:
            return set(self.order)
        known = self.models()
        for model in (models := list(models)):
            if model not in known:
                raise ParamsError(f"model {model!r} is not in params.yaml; valid: {', '.join(sorted(known))}")
        trained = self.needed(f"train@{model}" for model in models)
        return trained | {stage for stage in self.order if stage == "compare"}


def read(root: Path) -> Graph:
    """Ask DVC, in a process of its own, for the graph and its state.

    Parameters
    ----------
    root : Path
        The folder whose ``dvc.yaml`` is asked for: the project's root, or ``study``.

    Returns
    -------
    Graph
        Order, edges and changed stages.

    Raises
    ------
    GraphError
        If DVC could not read the project; the message is DVC's own.
    """
    for name in ("params.yaml", "dvc.yaml", "dvc.lock"):
        _refuse_conflict(root / name)
    package = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {package!r}); from flows.pipeline.graph import main; main()"
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if asked.returncode:
        said = asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"]
        raise GraphError(f"DVC cannot read the project in {root}: {said[-1]}")
    answer = json.loads(asked.stdout.splitlines()[-1])
    return Graph(
        order=tuple(answer["order"]),
        upstream={stage: tuple(reads) for stage, reads in answer["upstream"].items()},
        changed=answer["changed"],
    )


def _refuse_conflict(path: Path) -> None:
    if not path.is_file():
        return
    lines = path.read_bytes().splitlines()
    marked = next(
        (n for n, line in enumerate(lines, start=1) if line.startswith((b"<<<<<<< ", b">>>>>>> "))), 0
    )
    if marked:
        either = "; either side will do, what differs is run again" if path.suffix == ".lock" else ""
        raise GraphError(
            f"{path.name} holds a merge conflict (line {marked}); valid: one side of it, as by "
            f"`git checkout --ours {path.name}`{either}"
        )


def _reason(entry: object) -> str:
    # dvc status: a list per stage of {"changed deps": {path: state}}, {"changed outs": …} or plain strings.
    parts = []
    for item in entry if isinstance(entry, list) else [entry]:
        if isinstance(item, dict):
            for kind, paths in item.items():
                names = ", ".join(_flat(paths)) if isinstance(paths, dict) else str(paths)
                parts.append(f"{kind}: {names}")
        else:
            parts.append(str(item))
    return "; ".join(parts)


def _flat(paths: Mapping[str, object]) -> list[str]:
    # A params file maps to its changed keys, any other dependency to its state.
    names = []
    for path, state in paths.items():
        names.extend([f"{key} ({how})" for key, how in state.items()] if isinstance(state, dict) else [])
        names.extend([] if isinstance(state, dict) else [f"{path} ({state})"])
    return names


def _ask() -> dict[str, object]:
    import networkx
    from dvc.dvcfile import PROJECT_FILE
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    # The same switch as `dvc --wait-for-lock`: another DVC command that is just writing is waited for.
    with Repo(_wait_for_lock=True) as repo:
        graph = repo.index.graph
        # As `dvc repro`: the stages of the working directory's dvc.yaml, not of another one somewhere below.
        here = Path(PROJECT_FILE).resolve()
        names = {
            stage: stage.name
            for stage in graph
            if isinstance(stage, PipelineStage) and Path(stage.path).resolve() == here
        }
        order = [names[stage] for stage in networkx.dfs_postorder_nodes(graph) if stage in names]
        upstream: dict[str, list[str]] = {name: [] for name in order}
        for stage, name in names.items():
            reads = {names[above] for above in graph.successors(stage) if above in names}
            upstream[name] = sorted(reads, key=order.index)
        # A stage of the working directory is named without its file.
        status = repo.status(targets=[PROJECT_FILE])
    changed = {name: _reason(status[name]) for name in order if name in status}
    return {"order": order, "upstream": upstream, "changed": changed}


def main() -> None:
    """Print the graph of the project in the working directory as one line of JSON.

    Raises
    ------
    SystemExit
        With DVC's message, if it cannot read the project.
    """
    from dvc.exceptions import DvcException

    try:
        answer = _ask()
    except DvcException as error:
        raise SystemExit(" ".join(str(error).split())) from error
    print(json.dumps(answer))
