"""The pipeline as DVC has it: the stages in order, what each reads from, and which are stale.

A model added to ``params.yaml`` needs no change here. DVC is loaded in a process of its own: it changes loggers
and locks of the process it is in.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.core.errors import GenreError, ParamsError

#: The stages that read all models, in order.
ENSEMBLE, COMPARE = "ensemble", "compare"


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
        """Return all stages that have to run, in order, with why: the changed ones and all downstream of them."""
        found: dict[str, str] = {}
        for stage in self.order:
            if stage in self.changed:
                found[stage] = self.changed[stage]
            elif reads := [above for above in self.upstream[stage] if above in found]:
                found[stage] = f"reads {', '.join(reads)}"
        return found

    def needed(self, targets: Iterable[str]) -> set[str]:
        """Return ``targets`` and all stages they read from, directly or not."""
        found = set(targets)
        for stage in reversed(self.order):
            if stage in found:
                found.update(self.upstream[stage])
        return found

    def models(self) -> tuple[str, ...]:
        """Return the models, that is the names of the stages ``train@NAME``, in order."""
        return tuple(stage.partition("@")[2] for stage in self.order if stage.startswith("train@"))

    def made(self) -> dict[str, str]:
        """Return the stage that makes each model, by the model's name, in order: the ensemble's is the last."""
        last = {ENSEMBLE: ENSEMBLE} if ENSEMBLE in self.order else {}
        return {model: f"train@{model}" for model in self.models()} | last

    def for_models(self, models: Iterable[str] | None) -> set[str]:
        """Return the stages of a run of some models; None for the whole graph.

        The ensemble and the comparison are among them where all that they read is up to date after the run. Elsewhere
        DVC's own would compare files of models that are not, and record them: the flow compares the others itself.
        The ensemble is a model as well, which reads all others.

        Raises
        ------
        ParamsError
            If there is no such model.
        """
        if models is None:
            return set(self.order)
        known = self.made()
        for model in (models := list(models)):
            if model not in known:
                raise ParamsError(f"model {model!r} is not in params.yaml; valid: {', '.join(sorted(known))}")
        selected = self.needed(known[model] for model in models)
        for last in (ENSEMBLE, COMPARE):
            outdated = self.stale().keys() - selected - {last}
            if last in self.order and not outdated & self.needed([last]):
                selected.add(last)
        return selected

    def outdated(self, selected: Collection[str]) -> dict[str, str]:
        """Return the models that are not up to date after a run of the ``selected`` stages, each with why."""
        left = [stage for stage in self.stale() if stage not in selected]
        above = {model: self.needed([stage]) for model, stage in self.made().items()}
        first = {model: next((stage for stage in left if stage in above[model]), "") for model in above}
        return {model: f"it is not up to date from {stage} on" for model, stage in first.items() if stage}


class Reading:
    """The graph and its state on their way from DVC, which reads them in a process of its own.

    Begin early, and take the result where it is needed; the end of the block ends the process.

    Parameters
    ----------
    root : Path
        The folder of the ``dvc.yaml``: the project's root, or ``study``.

    Raises
    ------
    GraphError
        If a file of the project holds a merge conflict.
    """

    def __init__(self, root: Path) -> None:
        for name in ("params.yaml", "dvc.yaml", "dvc.lock"):
            _refuse_conflict(root / name)
        package = str(Path(__file__).resolve().parents[2])
        code = f"import sys; sys.path.insert(0, {package!r}); from flows.pipeline.graph import main; main()"
        self._root = root
        self._process = subprocess.Popen(
            # By the last word clear_dvc_locks knows it for a DVC command, whose entries are in use.
            [sys.executable, "-c", code, "dvc"],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def result(self) -> Graph:
        """Wait for the graph.

        Raises
        ------
        GraphError
            If DVC could not read the project; the message is DVC's own.
        """
        written, errors = self._process.communicate()
        if self._process.returncode:
            reason = _why(errors) or f"exit status {self._process.returncode}"
            raise GraphError(f"DVC cannot read the project in {self._root}: {reason}")
        found = json.loads(written.splitlines()[-1])
        return Graph(
            order=tuple(found["order"]),
            upstream={stage: tuple(reads) for stage, reads in found["upstream"].items()},
            changed=found["changed"],
        )


def read(root: Path) -> Graph:
    """Read the graph and its state from DVC; see :class:`Reading`."""
    with Reading(root) as reading:
        return reading.result()


def _why(errors: str) -> str:
    """Return why DVC ended, from what it wrote to standard error: its own message, or the end of a traceback."""
    *_, reason = errors.strip().splitlines() or [""]
    if "dvc.lock" in reason:
        return f"{reason}; valid: the last one that git has, as by `git checkout dvc.lock`"
    if re.fullmatch(r"[\w.]+(Error|Exception)", reason):
        return (
            f"{reason}, without a text; another DVC command may have worked there at the same moment: wait for it "
            "to end, and run the same command again; `dvc status --verbose` says more"
        )
    return reason


def _refuse_conflict(path: Path) -> None:
    if not path.is_file():
        return
    lines = path.read_bytes().splitlines()
    marked = [n for n, line in enumerate(lines, start=1) if line.startswith((b"<<<<<<< ", b">>>>>>> "))]
    if marked:
        either = "; either side will do, what differs is run again" if path.suffix == ".lock" else ""
        raise GraphError(
            f"{path.name} holds a merge conflict (line {marked[0]}); valid: one side of it, as by "
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
        names += [
            f"{key} ({how})" for key, how in (state if isinstance(state, dict) else {path: state}).items()
        ]
    return names


def main() -> None:
    """Print the graph of the project in the working directory as one line of JSON.

    Raises
    ------
    SystemExit
        With DVC's message, if it cannot read the project.
    """
    # Everything that is made here stays until the end, a second from now.
    gc.disable()
    import networkx
    from dvc.dvcfile import PROJECT_FILE
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo
    from dvc.stage import PipelineStage

    try:
        # The same switch as `dvc --wait-for-lock`: another DVC command that is just writing is waited for.
        # Within one lock: what is read once serves both the graph and its state, and is of one moment.
        with Repo(_wait_for_lock=True) as repo, lock_repo(repo):
            graph = repo.index.graph
            # As `dvc repro`: the stages of the working directory's dvc.yaml, not of another one somewhere below.
            here = Path(PROJECT_FILE).resolve()
            names = {
                stage: stage.name
                for stage in graph
                if isinstance(stage, PipelineStage) and Path(stage.path).resolve() == here
            }
            order = [names[stage] for stage in networkx.dfs_postorder_nodes(graph) if stage in names]
            upstream = {
                name: sorted((names[a] for a in graph.successors(stage) if a in names), key=order.index)
                for stage, name in names.items()
            }
            status = {name: stage.status() for stage, name in names.items()}
    except DvcException as error:
        raise SystemExit(" ".join(str(error).split())) from error
    # DVC says nothing of a stage that is up to date, and its address with what has changed of another.
    changed = {name: _reason(*status[name].values()) for name in order if status[name]}
    print(json.dumps({"order": order, "upstream": upstream, "changed": changed}))
