"""What stages import, and the two processes that have imported it: one DVC runs in, one the stages run in."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.process import preloaded
from flows.process.forks import POSSIBLE, Forked, Preloaded

#: DVC changes loggers and locks of the process it is in, so it has one of its own.
DVC = ("dvc.cli.parser",
       "dvc.cli.command", "dvc.commands.repro", "dvc.repo", "dvc.repo.open_repo", "dvc.repo.reproduce",
       "dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.metrics", "dvc.repo.params", "dvc.repo.plots",
       "dvc.repo.stage", "dvc.stage.run", "dvc.stage.cache", "dvc.scm", "dvc.cachemgr", "dvc.lock", "dvc.rwlock",
       "dvc.dirs", "dvc._debug", "dvc.output", "dvc.utils.strictyaml", "dvc.dependency.param", "dvc.data_cloud",
       "dvc_data.hashfile.build", "dvc_data.hashfile.checkout", "dvc_data.hashfile.status",
       "dvc_data.hashfile.db.local",
       "scmrepo.git", "dulwich.ignore", "dulwich.index", "dulwich.worktree", "fsspec.implementations.memory",
       "pyparsing", "configobj", "ruamel.yaml", "pprint")  # fmt: skip
#: What stages import, in the order in which a run needs it.
COMMON = ("typer", "typer._adapters", "rich.progress", "rich._emoji_codes", "pydantic", "yaml", "filelock", "numpy",
          "pandas", "pandas.io.formats.csvs", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.pandas_compat",
          "soundfile", "sklearn.model_selection")  # fmt: skip
AUDIO = ("threadpoolctl", "scipy.signal", "scipy.ndimage", "librosa", "numba", "PIL.Image")
TENSORFLOW = ("tensorflow", "keras", "tensorflow_hub", "tf_keras")
TRAINING = (*TENSORFLOW, "keras_tuner", "sklearn.decomposition", "sklearn.linear_model", "sklearn.metrics",
            "scipy.optimize", "psutil", "humanize", "grimp", "mlflow", "mlflow.pyfunc", "mlflow.tracing.provider",
            "mlflow.store.tracking.sqlalchemy_store", "alembic.command")  # fmt: skip
VALIDATION = ("scipy.stats", "tzdata", "jinja2.ext", "great_expectations",
              "great_expectations.render.renderer.site_builder")  # fmt: skip
REPORT = ("matplotlib.figure", "matplotlib.backends.backend_svg", "sklearn.ensemble", "networkx")
#: By the kind of a stage, the part of its name before "@"; what is not here needs what is common to all.
KINDS = {
    "features": (*AUDIO, *TENSORFLOW),
    "validate": VALIDATION,
    "tune": TRAINING,
    "train": TRAINING,
    "ensemble": TRAINING,
    "compare": REPORT,
    "fit": TRAINING,
    "report": REPORT,
}


def modules(stages: Iterable[str]) -> tuple[str, ...]:
    """List what to import for some stages, in the order in which it is needed."""
    kinds = {stage.partition("@")[0] for stage in stages}
    return tuple(
        dict.fromkeys(itertools.chain(COMMON, *(names for kind, names in KINDS.items() if kind in kinds)))
    )


class PreloadedStages:
    """Where ``dvc repro`` of a stage, and the command of the stage that DVC then runs, are forked from.

    Parameters
    ----------
    dvc, stages : Preloaded
        The two processes.
    """

    def __init__(self, dvc: Preloaded, stages: Preloaded) -> None:
        self._dvc = dvc
        self._stages = stages

    def start(self, command: Sequence[str], *, root: Path) -> Forked:
        """Start a command of DVC's."""
        return self._dvc.start(command, root=root, extra={preloaded.ADDRESS: self._stages.address})


@contextmanager
def preloading(
    stages: Collection[str], *, root: Path, keep: tuple[int, ...] = ()
) -> Iterator[PreloadedStages | None]:
    """Begin to import what some stages will need, until the block ends.

    Parameters
    ----------
    stages : collection of str
        Those that are due.
    root : Path
        The project's root.
    keep : tuple of int
        See :class:`flows.process.forks.Preloaded`.

    Yields
    ------
    PreloadedStages or None
        None where no stage is due, or processes are not forked on this system.
    """
    if not stages or not POSSIBLE:
        yield None
        return
    dvc = Preloaded(DVC, root=root, keep=keep)
    try:
        made = Preloaded(modules(stages), root=root, keep=keep)
        try:
            yield PreloadedStages(dvc, made)
        finally:
            made.close()
    finally:
        dvc.close()
