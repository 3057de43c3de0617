"""DVC's graph as a Kubeflow pipeline: one component a stage, the data between them in DVC's remote.

kfp fixes its own versions of requests and protobuf, other ones than this project's, so it is installed in an
environment of its own; what is to be compiled goes there as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from components.config.params import Params
from components.core import atomic
from components.core.errors import GenreError, ParamsError
from components.tracking.errors import masked
from flows.pipeline.graph import ENSEMBLE, Graph

#: The project, with the environment that `make kubeflow` makes.
PROJECT = Path(__file__).resolve().parents[2]
KFP_PYTHON = PROJECT / ".venv-kubeflow" / "bin" / "python"
#: Run there: it imports kfp and nothing of this project.
COMPILER = Path(__file__).with_name("kfp_compiler.py")
#: The stages that make music; extraction alone reads their files.
SYNTHESISE = "synthesise"
#: The stages that read what lies in ``data/raw``.
READERS = ("corpus", "published", "features")


class ExportError(GenreError):
    """The pipeline cannot be exported: kfp, a remote, or the data of a stage is missing."""

    exit_status = 2


@dataclass(frozen=True)
class Component:
    """A stage as it runs in a folder of its own.

    Attributes
    ----------
    stage : str
        Its name in ``dvc.yaml``.
    reads : tuple of str
        The stages it depends on directly: it takes their ``dvc.lock``, which has the entries of those above too.
    pulls : tuple of str
        What is pulled from DVC's remote: stages and ``.dvc`` files.
    tracked : mapping of str to str
        The text of those ``.dvc`` files, by path.
    """

    stage: str
    reads: tuple[str, ...]
    pulls: tuple[str, ...]
    tracked: Mapping[str, str]


def components(graph: Graph, *, tracked: Mapping[str, str]) -> tuple[Component, ...]:
    """Return the components in order.

    A stage pulls what the stages directly above it have made. Two read more than DVC's graph names: extraction the
    audio that the listing names, and the ensemble, when it is logged, what its members were trained on.

    Parameters
    ----------
    graph : Graph
        DVC's.
    tracked : mapping of str to str
        The ``.dvc`` files of data that no stage makes, by path.
    """
    found = []
    for stage in graph.order:
        kind = stage.partition("@")[0]
        above = graph.needed([stage]) - {stage}
        if kind == ENSEMBLE:
            above = {one for one in above if not one.startswith(f"{SYNTHESISE}@")}
        elif kind != "features":
            above = set(graph.upstream[stage])
        raw = tracked if kind in READERS else {}
        pulls = (*(one for one in graph.order if one in above), *raw)
        found.append(Component(stage=stage, reads=graph.upstream[stage], pulls=pulls, tracked=dict(raw)))
    return tuple(found)


def tracked(params: Params, *, root: Path) -> dict[str, str]:
    """Return the ``.dvc`` files of the collection's data that no stage makes, by path, with their text.

    Raises
    ------
    ExportError
        If DVC does not track such a path: no component would find it.
    """
    made = {f"data/raw/{name}" for name in params.synthetic}
    paths = [source.path for source in params.corpus.sources.values()]
    paths += params.corpus.published.values()
    found = {}
    for path in paths:
        if made & {str(place) for place in (Path(path), *Path(path).parents)}:
            continue
        files = [f"{place}.dvc" for place in (Path(path), *Path(path).parents) if place.name]
        file = next((one for one in files if (root / one).is_file()), None)
        if file is None:
            raise ExportError(
                f"{path} is made by no stage and is not in DVC's remote, so no component would find it; "
                f"valid: a path below the project, after `dvc add {path}` and `dvc push`"
            )
        found[file] = (root / file).read_text(encoding="utf-8")
    return found


def address(text: str | None, *, option: str, valid: str) -> str:
    """Return an address that can be written into a file.

    Raises
    ------
    ParamsError
        If it is missing, or has a name or password in it.
    """
    if not text:
        raise ParamsError(f"{option} is not given; valid: {valid}")
    if "@" in urlsplit(text).netloc:
        raise ParamsError(
            f"{option} {masked(text)} has a user or password in it, which the pipeline's file would show; "
            "valid: an address without, and the secret in the environment or a Kubernetes secret"
        )
    return text


def description(
    components: Sequence[Component], *, params: str, image: str, remote: str, mlflow: str, secret: str
) -> dict[str, object]:
    """Return what the compiler reads: the components, and what the pipeline's inputs are by default.

    ``params`` is the text of ``params.yaml``; as a JSON string it stays one line, as kfp's own header needs it, and
    exact.
    """
    return {
        "image": image,
        "secret": secret,
        "inputs": {"params": json.dumps(params), "remote": remote, "mlflow": mlflow},
        "components": [asdict(component) for component in components],
    }


def python() -> Path:
    """Return the Python that has kfp.

    Raises
    ------
    ExportError
        If none has.
    """
    if find_spec("kfp") is not None:
        return Path(sys.executable)
    if KFP_PYTHON.exists():
        return KFP_PYTHON
    raise ExportError(
        "kfp is not installed; valid: `make kubeflow`, which installs it beside this project's environment, in "
        f"{KFP_PYTHON.parents[1].name}"
    )


def write(described: Mapping[str, object], *, out: Path) -> None:
    """Write the pipeline: YAML of Kubeflow Pipelines v2, as kfp compiles it.

    Raises
    ------
    ParamsError
        If ``out`` does not end in ``.yaml``.
    ExportError
        If kfp is missing or refuses the pipeline; the message is its last line.
    """
    if out.suffix != ".yaml":
        raise ParamsError(f"--out is {str(out)!r}; valid: a path that ends in .yaml")
    kfp = python()
    with atomic.replacing(out) as partial:
        done = subprocess.run(
            [str(kfp), "-I", str(COMPILER), str(partial)],
            input=json.dumps(described),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise ExportError(f"kfp cannot compile the pipeline: {lines[-1]}")
