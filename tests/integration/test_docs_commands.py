"""Every command on a page: read by its program's own parser; run here, by another test, or with a named need."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from components.config import presets
from components.config.params import Params, parse
from components.serving import load as loading
from flows.cli import app
from tests.conftest import PROJECT
from tests.support import constant_model
from tests.support.constant_model import song
from tests.support.requests import as_request
from tests.unit.test_docs import PAGES, blocks

#: Programs whose commands are looked for in running text too.
OURS = ("genre", "dvc", "prefect", "mlflow", "make")
#: ``genre`` commands that take no time and are run; the others train, serve or download.
QUICK = ("config", "predict", "score")


def lines(page: Path) -> list[str]:
    """The commands of a page's shell blocks, and those quoted in its text, without comments."""
    found = []
    for block in blocks(page, "sh"):
        for line in re.sub(r"\\\n", " ", block).splitlines():
            bare = re.sub(r"(^|\s)#.*$", "", line).strip()
            found += [part.strip() for part in re.split(r"\s*(?:&&|;)\s*", bare) if part.strip()]
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    quoted = re.findall(r"`([^`]+)`", re.sub(r"\n", " ", text))
    # A program's name alone is a name; with words after it, it is a command.
    return found + [one for one in quoted if one.split()[0] in OURS and len(one.split()) > 1]


#: The changelog names commands that are gone.
COMMANDS = sorted(
    {(page.name, line) for page in PAGES if page.name != "CHANGELOG.md" for line in lines(page)}
)


def words(line: str) -> list[str]:
    return shlex.split(line.replace("…", "x"))


def without_variables(line: str) -> list[str]:
    """The words of a command after the variables set for it."""
    return list(itertools.dropwhile(re.compile(r"[A-Z][A-Z_0-9]*=").match, words(line)))


def parse_click(group: Any, arguments: list[str]) -> None:
    """Let a click or Typer program read its arguments, without running anything."""
    context = group.make_context("program", [], resilient_parsing=True)
    while hasattr(group, "get_command"):
        name = arguments[0]
        below = group.get_command(context, name)
        assert below is not None, f"there is no command {name!r}"
        group, arguments = below, arguments[1:]
    # A name alone is a mention of the command.
    if arguments:
        group.make_context(name, list(arguments))


def genre(arguments: list[str]) -> None:
    import typer

    if arguments != ["--help"]:
        parse_click(typer.main.get_command(app), arguments)


def mlflow(arguments: list[str]) -> None:
    from mlflow.cli import cli

    parse_click(cli, arguments)


def dask(arguments: list[str]) -> None:
    from distributed.cli import dask_scheduler, dask_worker

    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    if len(arguments) > 1:
        commands[arguments[0]].make_context(arguments[0], arguments[1:])


def dvc(arguments: list[str]) -> None:
    from dvc.cli import parse_args

    parse_args(arguments)


def prefect(arguments: list[str]) -> None:
    from prefect.cli._app import _app

    if arguments[0] == "--no-prompt":
        arguments = arguments[1:]
    _app.parse_args(arguments, exit_on_error=False, print_error=False)


def make(arguments: list[str]) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def python(arguments: list[str]) -> None:
    assert arguments[0] == "-m"
    shown = subprocess.run([sys.executable, "-m", arguments[1], *_subcommand(arguments), "--help"],
        cwd=PROJECT, capture_output=True, text=True, check=False)  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    for option in [word for word in arguments[2:] if word.startswith("--")]:
        assert option in shown.stdout, option
    if "positional arguments" not in shown.stdout:
        assert all(word.startswith("--") for word in arguments[2:3]), f"{arguments[2:3]} is no option"


def _subcommand(arguments: list[str]) -> list[str]:
    return (
        [arguments[2]]
        if len(arguments) > 2 and arguments[2].isidentifier() and arguments[2].islower()
        else []
    )


def pytest_(arguments: list[str]) -> None:
    for path in [word for word in arguments if not word.startswith("-")]:
        assert (PROJECT / path).exists(), path


def shell(_arguments: list[str]) -> None:
    """What any shell knows: its syntax is checked for every command."""


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "genre": genre, "mlflow": mlflow, "dask": dask, "dvc": dvc, "prefect": prefect, "make": make,
    "python": python, "pytest": pytest_,
    "pre-commit": shell, "pip": shell,
    "export": shell, ".": shell, "open": shell, "curl": shell, "printf": shell, "git": shell, "mkdir": shell,
    "cp": shell, "podman": shell, "kubectl": shell,
}  # fmt: skip


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=lambda value: value)
def test_its_program_reads_it(page: str, line: str) -> None:
    subprocess.run(["bash", "-n", "-c", line.replace("…", "x")], check=True)
    program, *arguments = without_variables(line)
    assert program in PROGRAMS, f"{page}: {program} is no program that this test knows"
    PROGRAMS[program](arguments)


def test_there_are_commands_on_the_pages() -> None:
    assert len(COMMANDS) > 50
    assert {words(line)[0] for _, line in COMMANDS} >= {"genre", "dvc", "prefect", "mlflow", "make", "python"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with the files that the pages name, and a model that always predicts jazz."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    presets.use("demo")
    for name in ("song.flac", "SONG.mp3", "SONG", "more.mp3", "songs/one.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(song(tmp_path / "made.wav").read_bytes())
    for name in ("music/by-genre", "music/clips", "data/raw/mine"):
        (tmp_path / name).mkdir(parents=True)
    run = type("Run", (), {"data": type("Data", (), {"tags": {"model": "mlp", "weights_sha256": "a" * 64}})})

    def load(*_: object, **__: object) -> loading.LoadedModel:
        loaded = constant_model.loaded_model()
        loaded.model.record = loaded.model.record.model_copy(update={"weights_sha256": "a" * 64})
        return loaded

    monkeypatch.setattr(loading, "store", lambda: None)
    monkeypatch.setattr(loading, "address", lambda *_, **__: "models:/genre/1")
    monkeypatch.setattr(loading, "run_of", lambda *_: run)
    monkeypatch.setattr(loading, "load", load)
    return tmp_path


def quick(line: str) -> bool:
    """Whether it is run: a name alone is a mention, but for commands that take nothing more."""
    program, *arguments = words(line)
    if program != "genre" or arguments[0] not in QUICK:
        return False
    if arguments[0] == "config":
        return len(arguments) > 2 or arguments[1:] in (["list"], ["check"])
    return len(arguments) > 1


#: Where a command that is not run here is run, or what it needs, by its first words.
ELSEWHERE = {
    ".": "needs a shell",
    "curl": "tests/integration/test_serving.py",
    "dask": "tests/faults/test_cluster_faults.py",
    "dvc": "tests/integration/test_workflow.py",
    "dvc add": "tests/integration/test_dvc_music.py",
    "dvc exp": "tests/integration/test_dvc_music.py",
    "dvc import": "tests/integration/test_dvc_music.py",
    "dvc plots diff": "tests/integration/browser/test_without_network.py",
    "dvc pull": "tests/faults/test_dvc_faults.py",
    "dvc push": "tests/faults/test_dvc_faults.py",
    "dvc queue": "tests/integration/test_dvc_music.py",
    "dvc remote": "tests/faults/test_dvc_faults.py",
    "dvc unprotect": "needs a linked output",
    "dvc update": "tests/integration/test_dvc_music.py",
    "export": "needs a shell",
    "git": "tests/integration/test_dvc_music.py",
    "genre config use": "tests/integration/test_docs_commands.py",
    "genre download": "tests/unit/corpus/test_download.py",
    "genre evaluate": "tests/integration/test_external_evaluation.py",
    "genre export": "tests/integration/flows/test_kubeflow.py",
    "genre mlflow-ui": "tests/integration/test_mlflow_ui.py",
    "genre predict": "tests/integration/test_docs_commands.py",
    "genre promote": "tests/integration/test_registry.py",
    "genre reproduce": "tests/integration/flows/test_reproduce.py",
    "genre rollback": "tests/integration/test_registry.py",
    "genre run": "tests/integration/test_workflow.py",
    "genre score": "tests/integration/test_docs_commands.py",
    "genre tag": "tests/unit/tagging/test_command.py",
    "genre serve": "tests/integration/test_http.py",
    "genre tune": "tests/integration/test_workflow.py",
    "genre stage": "tests/integration/test_workflow.py",
    "genre ui": "tests/integration/browser/test_page.py",
    "kubectl": "needs a cluster",
    "make": "needs the whole suite, a network or a confirmation",
    "mlflow models serve": "tests/integration/test_serving.py",
    "mlflow server": "tests/integration/stores/test_mlflow_on_postgresql.py",
    "open": "needs a desktop",
    "pip": "needs a network",
    "podman": "needs a network and podman",
    "cp": "tests/integration/test_containers.py",
    "pre-commit": "needs a clone of its own",
    "prefect": "needs a server and a worker",
    "printf": "tests/integration/test_docs_commands.py",
    "pytest": "needs real music",
    "python -m components.features.encoders.musicnn": "tests/unit/features/encoders/test_musicnn.py",
    "python -m http.server": "needs a port of its own",
    "python -m benchmarks": "needs a folder of music",
    "python -m benchmarks.streaming": "needs minutes, and 10 GB of disk",
}


@pytest.mark.parametrize("line", sorted({line for _, line in COMMANDS if not quick(line)}))
def test_one_that_is_not_run_here_is_run_elsewhere_or_has_a_need(line: str) -> None:
    command = " ".join(without_variables(line))
    matching = [start for start in ELSEWHERE if f"{command} ".startswith((f"{start} ", f"{start}."))]
    assert matching, f"no test runs {command!r}; ELSEWHERE names what it needs"
    where = ELSEWHERE[max(matching, key=len)]
    assert where.startswith("needs ") or (PROJECT / where).exists(), where


@pytest.mark.parametrize("line", sorted({line for _, line in COMMANDS if quick(line)}))
def test_a_quick_one_runs(line: str, folder: Path) -> None:
    arguments = []
    for word in words(line)[1:]:
        # What stands for a file or folder of the reader's exists here.
        place = Path(word.replace("~", str(folder)))
        if word.startswith(("/", "~")) or word == "FILE":
            place = folder / place.name
            if place.suffix == ".csv":
                place.write_text("path,genre\njazz/one.flac,jazz\n", encoding="utf-8")
            elif "." in word or word == "FILE":
                place.touch()
            else:
                place.mkdir(exist_ok=True)
        stands_for = {"PRESET": "demo", "FOLDER": "songs", "FILE": str(place)}
        arguments.append(str(place) if word.startswith(("/", "~")) else stands_for.get(word, word))
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, f"{arguments}: {done.output} {done.exception!r}"


OVERRIDING = sorted(
    {
        (page.name, line)
        for page in PAGES
        for line in lines(page)
        if line.startswith("dvc exp run") and " -S " in line
    }
)


@pytest.mark.parametrize(("page", "line"), OVERRIDING, ids=lambda value: value)
def test_an_experiment_changes_what_a_stage_does_with_the_page_s_preset(page: str, line: str) -> None:
    """A variant that is not selected, or a budget that each variant has of its own, would change nothing."""
    text = next(one for one in PAGES if one.name == page).read_text(encoding="utf-8")
    named = re.findall(r"genre config use ([a-z-]+)", text[: text.index(line.split(" -S ")[-1])])
    document = presets.compose(named[-1] if named and page != "README.md" else "demo")
    before = parse(document)
    changed = yaml.safe_load(document)
    for option, override in itertools.pairwise(words(line)):
        if option == "-S":
            *path, key = override.partition("=")[0].split(".")
            block = changed
            for part in path:
                block = block[part]
            assert key in block, f"{override}: dvc changes keys that there are"
            block[key] = yaml.safe_load(override.partition("=")[2])
    after = parse(yaml.safe_dump(changed))
    assert effects(before) != effects(after)


def effects(params: Params) -> dict[str, Any]:
    """What stages read: each model in its selected variant, and the rest."""
    models = {name: params.model(name) for name in params.models}
    return models | params.model_dump(exclude={"models", "training", "tuning"})


def test_the_request_on_the_page_is_the_one_a_model_takes(folder: Path) -> None:
    (line,) = [line for page, line in COMMANDS if page == "serve.md" and line.startswith("printf")]
    subprocess.run(["bash", "-c", line], check=True, cwd=folder)
    body = json.loads((folder / "body.json").read_text())
    assert body == as_request((folder / "song.flac").read_bytes())
