"""DVC's graph as a Kubeflow pipeline: one component a stage, the data between them in DVC's remote.

kfp fixes its own versions of requests and protobuf, other ones than this project's, so it is installed in an
environment of its own; what is to be compiled goes there as JSON.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from components.config import params
from components.config.params import Params
from components.core import atomic
from components.core.errors import GenreError, ParamsError
from components.tracking import store
from components.tracking.errors import masked
from flows.pipeline import dvc_config, graph
from flows.pipeline.graph import ENSEMBLE, Graph

#: The Python of the environment that `make kubeflow` makes, below a project's root.
KFP_PYTHON = Path(".venv-kubeflow") / "bin" / "python"
#: The project whose code this is.
PROJECT = Path(__file__).resolve().parents[2]
#: Run there: it imports kfp and nothing of this project.
COMPILER = Path(__file__).with_name("kfp_compiler.py")
#: An image: a registry and its port, a path in lower case, a tag, a digest (the Open Container Initiative's grammar).
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
#: A name in Kubernetes (RFC 1123).
SECRET = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?")
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


def export(
    root: Path, *, out: Path, image: str, secret: str, remote: str | None = None, mlflow: str | None = None
) -> int:
    """Write a project's graph as a pipeline; return how many components it has.

    Parameters
    ----------
    root : Path
        The project's root, and the working directory.
    out : Path
        The file to write.
    image : str
        Of every component.
    secret : str
        The Kubernetes secret with the keys of bucket and server.
    remote : str, optional
        DVC's remote; by default the project's.
    mlflow : str, optional
        Address of MLflow; by default ``MLFLOW_TRACKING_URI``.

    Raises
    ------
    ParamsError
        If an option, or ``params.yaml``, is not valid.
    GenreError
        If DVC cannot read the project, a component would not find its data, or kfp is missing.
    """
    atomic.check_place(out, option="--out")
    checked = params.load()
    check_names(image=image, secret=secret)
    if remote is None and (default := dvc_config.default_remote(root)):
        remote = default.url
    if mlflow is None:
        mlflow = os.environ.get("MLFLOW_TRACKING_URI")
    addresses = {"remote": remote_address(remote), "mlflow": mlflow_address(mlflow)}
    found = components(graph.read(root), tracked=tracked(checked, root=root))
    text = (root / "params.yaml").read_text(encoding="utf-8")
    write(description(found, params=text, image=image, secret=secret, **addresses), out=out, root=root)
    return len(found)


def components(plan: Graph, *, tracked: Mapping[str, str]) -> tuple[Component, ...]:
    """Return the components in order.

    A stage pulls what the stages directly above it have made. Two read more than DVC's graph names: extraction the
    audio that the listing names, and the ensemble, when it is logged, what its members were trained on.

    Parameters
    ----------
    plan : Graph
        DVC's.
    tracked : mapping of str to str
        The ``.dvc`` files of data that no stage makes, by path.
    """
    found = []
    for stage in plan.order:
        kind = stage.partition("@")[0]
        above = plan.needed([stage]) - {stage}
        if kind == ENSEMBLE:
            above = {one for one in above if not one.startswith(f"{SYNTHESISE}@")}
        elif kind != "features":
            above = set(plan.upstream[stage])
        raw = tracked if kind in READERS else {}
        pulls = (*(one for one in plan.order if one in above), *raw)
        found.append(Component(stage=stage, reads=plan.upstream[stage], pulls=pulls, tracked=dict(raw)))
    return tuple(found)


def tracked(checked: Params, *, root: Path) -> dict[str, str]:
    """Return the ``.dvc`` files of the collection's data that no stage makes, by path, with their text.

    Raises
    ------
    ExportError
        If DVC does not track such a path: no component would find it.
    """
    made = {f"data/raw/{name}" for name in checked.synthetic}
    paths = [source.path for source in checked.corpus.sources.values()]
    paths += checked.corpus.published.values()
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


def remote_address(text: str | None) -> str:
    """Return the address of DVC's remote: of a kind that DVC knows, or a folder that each component has.

    Raises
    ------
    ParamsError
        As :func:`_address`.
    """
    from dvc_objects.fs import known_implementations

    if text and text.startswith("/"):
        return text
    schemes = set(known_implementations) - {"local", "memory"}
    return _address(text, option="--dvc-remote", schemes=schemes, valid="such as s3://BUCKET/FOLDER")


def mlflow_address(text: str | None) -> str:
    """Return the address of MLflow's store: a server or its database, not a file that only one component has.

    Raises
    ------
    ParamsError
        As :func:`_address`.
    """
    schemes = set(store.SCHEMES) - {"sqlite"}
    return _address(text, option="--mlflow", schemes=schemes, valid="such as http://mlflow:5000")


def _address(text: str | None, *, option: str, schemes: Collection[str], valid: str) -> str:
    """Return an address that can be written into a file.

    Raises
    ------
    ParamsError
        If it is missing, of another scheme, without a host or bucket, or has a name or password in it.
    """
    if not text:
        raise ParamsError(f"{option} is not given; valid: {valid}")
    scheme, _, rest = text.partition("://")
    if "@" in rest.partition("/")[0]:
        raise ParamsError(
            f"{option} {masked(text)} has a user or password in it, which the pipeline's file would show; "
            "valid: an address without, and the secret in the environment or a Kubernetes secret"
        )
    if scheme.partition("+")[0] not in schemes or not rest.strip("/") or any(map(str.isspace, text)):
        raise ParamsError(f"{option} is {text!r}; valid: {valid} ({', '.join(sorted(schemes))})")
    return text


def check_names(*, image: str, secret: str) -> None:
    """Make sure that container registries and Kubernetes take the names.

    Raises
    ------
    ParamsError
        If one of them is none.
    """
    if not IMAGE.fullmatch(image):
        raise ParamsError(
            f"--image is {image!r}; valid: such as REGISTRY/genre-workflow or REGISTRY/genre-workflow:TAG"
        )
    if not SECRET.fullmatch(secret):
        raise ParamsError(
            f"--secret is {secret!r}; valid: lower-case letters, digits, '-' and '.', such as genre"
        )


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


def python(root: Path) -> Path:
    """Return the Python that has kfp: this one, or that of an environment in the project or beside the installed code.

    Parameters
    ----------
    root : Path
        The project's root; its environment comes first.

    Raises
    ------
    ExportError
        If none has.
    """
    if find_spec("kfp") is not None:
        return Path(sys.executable)
    places = [place.resolve() / KFP_PYTHON for place in (root, PROJECT)]
    for place in places:
        if place.exists():
            return place
    looked = " and ".join(dict.fromkeys(str(place.parents[1]) for place in places))
    raise ExportError(
        f"kfp is not installed: there is no {looked}; valid: `make kubeflow` in {root.resolve()}, which installs it "
        "beside this project's environment"
    )


def write(described: Mapping[str, object], *, out: Path, root: Path) -> None:
    """Write the pipeline: YAML of Kubeflow Pipelines v2, as kfp compiles it; ``root`` is the project's.

    Raises
    ------
    ParamsError
        If ``out`` does not end in ``.yaml``.
    ExportError
        If kfp is missing or refuses the pipeline; the message is its last line.
    """
    if out.suffix != ".yaml":
        raise ParamsError(f"--out is {str(out)!r}; valid: a path that ends in .yaml")
    kfp = python(root)
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
