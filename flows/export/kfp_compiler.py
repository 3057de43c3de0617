"""Compile the described pipeline by kfp, whose Python runs this file: it imports nothing of this project.

The description comes by standard input; the argument is the file to write.
"""

# kfp reads annotations as they are at run time, so none of them may be text.

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml
from kfp import compiler, components, dsl, kubernetes

#: Keys of the Kubernetes secret, each an environment variable of every component where the secret has it.
SECRET_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ENDPOINT_URL",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
)
#: What a component requests of the cluster: a stage that trains holds 0.7 to 1.6 GB, and computes on one core or more.
MEMORY, CPU = "2G", "1"
#: Inputs that every component has.
INPUTS = ("params", "remote", "mlflow")


def command(
    component: Mapping[str, Any], *, inputs: Mapping[str, Any], locks: Sequence[Any], out: Any
) -> list[Any]:
    """Return the command of a component.

    Parameters
    ----------
    component : mapping
        Of the description.
    inputs : mapping of str to object
        Per input of :data:`INPUTS`, what stands for its value.
    locks : sequence of object
        What stands for the path of each ``dvc.lock`` that it reads.
    out : object
        What stands for the path of its own.
    """
    words: list[Any] = ["genre", "export", "component", component["stage"]]
    for name in INPUTS:
        words += [f"--{name}", inputs[name]]
    for stage in component["pulls"]:
        words += ["--pull", stage]
    if component["tracked"]:
        words += ["--tracked", json.dumps(component["tracked"])]
    for lock in locks:
        words += ["--lock", lock]
    return [*words, "--out", out]


def identifier(stage: str) -> str:
    """Return the name of the input that takes a stage's ``dvc.lock``."""
    return "lock_of_" + re.sub(r"\W", "_", stage)


def container(component: Mapping[str, Any], *, image: str) -> Any:
    """Return a component that runs in a container of the image: no kfp is needed in it."""
    locks = [identifier(stage) for stage in component["reads"]]
    words = command(
        component,
        inputs={name: {"inputValue": name} for name in INPUTS},
        locks=[{"inputPath": lock} for lock in locks],
        out={"outputPath": "lock"},
    )
    text = yaml.safe_dump(
        {
            "name": component["stage"],
            "inputs": [
                *({"name": name, "type": "String"} for name in INPUTS),
                *({"name": lock, "type": "Artifact"} for lock in locks),
            ],
            "outputs": [{"name": "lock", "type": "Artifact"}],
            "implementation": {"container": {"image": image, "command": words}},
        },
        sort_keys=False,
    )
    return components.load_component_from_text(text)


def pipeline(described: Mapping[str, Any], *, make: Callable[..., Any] = container) -> Any:
    """Return kfp's pipeline of a description.

    Parameters
    ----------
    described : mapping
        As ``flows.export.kubeflow.description`` returns it.
    make : callable
        Makes kfp's component of one of the description.
    """
    made = {one["stage"]: make(one, image=described["image"]) for one in described["components"]}
    default = described["inputs"]

    @dsl.pipeline(name="genre-workflow", description="The stages of dvc.yaml, each in a container of its own")
    def genre_workflow(
        params: str = default["params"], remote: str = default["remote"], mlflow: str = default["mlflow"]
    ) -> None:
        tasks: dict[str, Any] = {}
        for one in described["components"]:
            locks = {identifier(stage): tasks[stage].outputs["lock"] for stage in one["reads"]}
            task = made[one["stage"]](params=params, remote=remote, mlflow=mlflow, **locks)
            task.set_display_name(one["stage"])
            # DVC knows what is up to date, by content; Kubeflow would go by the name of the image.
            task.set_caching_options(enable_caching=False)
            if make is container:
                task.set_memory_request(MEMORY).set_cpu_request(CPU)
                kubernetes.use_secret_as_env(
                    task, secret_name=described["secret"], secret_key_to_env={key: key for key in SECRET_KEYS},
                    optional=True,
                )  # fmt: skip
            tasks[one["stage"]] = task

    return genre_workflow


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline(json.load(sys.stdin)), sys.argv[1])
