"""The command line: help without heavy imports, and a valid project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.conftest import Genre


def test_help_imports_nothing_heavy(workspace: Path) -> None:
    code = (
        "import sys\nfrom components import cli\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(cli.app, ['--help']).exit_code == 0\n"
        "heavy = {'tensorflow', 'librosa', 'mlflow', 'prefect', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_valid_project(genre: Genre, workspace: Path) -> None:
    done = genre("config", "check", folder=workspace)
    assert (done.returncode, done.stdout.strip()) == (0, "params.yaml is valid")
