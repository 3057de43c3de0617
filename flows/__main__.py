"""The command ``genre``: a stage of a flow runs in a process forked from one that has imported what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flows.process import preloaded


def main() -> None:
    """Run the command line in place of this process, or in a forked one where a flow has one for its stages."""
    if preloaded.ADDRESS in os.environ and sys.argv[1:2] == ["stage"]:
        sys.exit(preloaded.run(["genre", *sys.argv[1:]]))
    run_its_own_code(Path.cwd(), arguments=sys.argv[1:])
    # Once: stages are processes of the command that says it.
    if sys.argv[1:2] != ["stage"] and any(name.upper().startswith("GENRE_") for name in os.environ):
        from flows import settings

        for line in settings.misspelt():
            print(f"genre: {line}", file=sys.stderr)
    from flows import cli

    cli.main()


def run_its_own_code(here: Path, *, arguments: list[str]) -> None:
    """Go on with the code of the project in the working directory, for a stage, where another one is installed.

    That code is what DVC compares: of a copy for an experiment, as it was queued, or of a clone that a worker made. It
    is trusted as its ``dvc.yaml`` is, which names the command; other commands may be called in any folder.
    """
    own = here / "flows" / "__main__.py"
    if arguments[:1] != ["stage"] or not own.is_file() or own.samefile(__file__):
        return
    # For the processes that it starts too.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH")]))
    os.execv(sys.executable, [sys.executable, "-m", "flows", *arguments])


if __name__ == "__main__":
    main()
