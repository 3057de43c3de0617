"""The command ``genre``: a stage of a flow runs in a process forked from one that has imported what it needs."""

from __future__ import annotations

import os
import sys

from flows.process import preloaded


def main() -> None:
    """Run the command line in place of this process, or in a forked one where a flow has one for its stages."""
    if preloaded.ADDRESS in os.environ and sys.argv[1:2] == ["stage"]:
        sys.exit(preloaded.run(["genre", *sys.argv[1:]]))
    from flows import cli

    cli.main()


if __name__ == "__main__":
    main()
