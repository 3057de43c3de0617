"""The command line: its help, its version, and where it does not run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from components import cli as components_cli
from components.core.errors import ParamsError, StoreError
from flows import cli
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


def test_a_store_that_is_away_ends_tune_before_the_params_are_changed(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    before = (workspace / "params.yaml").read_bytes()
    with pytest.raises(StoreError, match="where no server answers"):
        cli.tune("mlp", trials=50)
    assert (workspace / "params.yaml").read_bytes() == before


def test_more_trials_than_a_grid_has_sets_leave_the_params_as_they_are(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    before = (workspace / "params.yaml").read_bytes()
    with pytest.raises(ParamsError, match="has 3 sets, all of them in its trials"):
        cli.tune("musicnn", trials=50)
    assert (workspace / "params.yaml").read_bytes() == before


def test_the_version(genre: Genre, tmp_path: Path) -> None:
    done = genre("--version", folder=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["genre-workflow", version("genre-workflow")])


@pytest.mark.parametrize("group", [(), ("config",)])
def test_without_a_command_the_help_is_all_that_is_printed(
    genre: Genre, tmp_path: Path, group: tuple[str, ...]
) -> None:
    done = genre(*group, folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert "Usage: genre" in done.stdout


@pytest.mark.parametrize(
    "given",
    [
        ("config", "use", "demo", "--corpus-path", ""),
        ("config", "use", "demo", "--corpus-path", "audio="),
        ("config", "use", "demo", "--artists", ""),
        ("evaluate", ".", "--artists", ""),
        ("predict", ""),
    ],
)
def test_an_empty_path_is_not_the_working_folder(
    genre: Genre, workspace: Path, given: tuple[str, ...]
) -> None:
    before = (workspace / "params.yaml").read_bytes()
    done = genre(*given, folder=workspace)
    assert done.returncode == 2
    assert "a path is empty" in done.stderr
    assert (workspace / "params.yaml").read_bytes() == before


def test_help_groups_the_commands_in_the_order_in_which_they_are_needed(genre: Genre, tmp_path: Path) -> None:
    lines = [line.strip("│╭─ ") for line in genre("--help", folder=tmp_path).stdout.splitlines()]
    headings = ["Collection", "Run", "Use a model", "Study", "Stages"]
    first = [line.split(" ")[0] for line in lines]
    places = [next(n for n, line in enumerate(lines) if line.startswith(f"{one} ─")) for one in headings]
    assert places == sorted(places)
    commands = [first.index(command, places[0]) for command in components_cli.ORDER]
    assert commands == sorted(commands)


def commands(group: Any, *above: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield " ".join([*above, name]), command
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)


@pytest.mark.parametrize(
    ("name", "command"), commands(typer.main.get_command(cli.app)), ids=lambda value: str(value)
)
def test_each_command_and_option_has_help(name: str, command: Any) -> None:
    assert command.help.endswith((".", "`")), name
    for option in command.params:
        if option.param_type_name == "option":
            assert option.help, f"{name} {option.name}"


def test_windows_is_named_with_what_is_valid(
    genre: Genre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    done = genre("run", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "WSL" in done.stderr


def test_the_command_line_is_there_without_what_windows_lacks() -> None:
    code = "import sys; sys.modules['fcntl'] = sys.modules['resource'] = None; import flows.cli"
    subprocess.run([sys.executable, "-c", code], check=True)
