"""Run a described pipeline by kfp's SubprocessRunner: kfp's Python runs this file, with the compiler beside it.

The runner takes lightweight Python components alone, so each of them starts the command that the compiled component
runs in its container.

The arguments are the folder of ``kfp_compiler.py`` and a folder for kfp's own files; the description comes by standard
input.
"""

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Instead of this file's own folder, whose files have names of packages that kfp imports.
sys.path[0] = sys.argv[1]
import kfp_compiler  # noqa: E402
from kfp import local  # noqa: E402

WORK = Path(sys.argv[2])
COMPONENT = """
from kfp import dsl

@dsl.component(base_image="python", install_kfp_package=False)
def {name}({parameters}, lock: dsl.Output[dsl.Artifact]):
    import subprocess
    subprocess.run({command}, check=True)
"""


class Name(str):
    """A variable of the written source."""

    def __repr__(self) -> str:
        return str(self)


def component(one: Mapping[str, Any], *, image: str) -> Any:
    """kfp's Python component of one of the description: written to a file, since kfp reads a function's source."""
    locks = [kfp_compiler.identifier(stage) for stage in one["reads"]]
    name = kfp_compiler.identifier(one["stage"]).removeprefix("lock_of_")
    source = COMPONENT.format(
        name=name,
        parameters=", ".join(
            [f"{key}: str" for key in kfp_compiler.INPUTS]
            + [f"{lock}: dsl.Input[dsl.Artifact]" for lock in locks]
        ),
        command=kfp_compiler.command(
            one,
            inputs={key: Name(key) for key in kfp_compiler.INPUTS},
            locks=[Name(f"{lock}.path") for lock in locks],
            out=Name("lock.path"),
        ),
    )
    path = WORK / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


if __name__ == "__main__":
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(WORK / "outputs"),
        raise_on_error=True,
    )
    kfp_compiler.pipeline(json.load(sys.stdin), make=component)()
