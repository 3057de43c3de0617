"""The command ``genre``: a stage of a flow runs in a process forked from one that has imported what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from components.core import dvc_experiment
from flows.process import preloaded


def main() -> None:
    """Run the command line in place of this process, or in a forked one where a flow has one for its stages."""
    if preloaded.ADDRESS in os.environ and sys.argv[1:2] == ["stage"]:
        sys.exit(preloaded.run(["genre", *sys.argv[1:]]))
    run_its_own_code(Path.cwd())
    from flows import cli

    cli.main()


def run_its_own_code(here: Path) -> None:
    """Go on with the code of the folder, where that is a copy of a project for an experiment of DVC's.

    The copy holds the code as it was when the experiment was queued, and that is what DVC compares; the installed
    ``genre`` is of the project, whose code may have changed since.
    """
    copied = here / "flows" / "__main__.py"
    if dvc_experiment.project(here) == here or not copied.is_file() or copied.samefile(__file__):
        return
    # For the processes that it starts too.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH")]))
    os.execv(sys.executable, [sys.executable, "-m", "flows", *sys.argv[1:]])


if __name__ == "__main__":
    main()
