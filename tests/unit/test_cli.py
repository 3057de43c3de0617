"""The command line: bad input is one line that names it and what would be valid, exit status 2."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.config import presets
from flows import cli

#: Runs ``genre WORDS`` in a folder.
Genre = Callable[..., "Done"]


class Done(NamedTuple):
    """How a command ended and what it printed."""

    returncode: Any
    stdout: str
    stderr: str


@pytest.fixture
def genre(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Genre:
    """Run the command in this process, in a folder."""

    def run(*words: str, folder: Path) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["genre", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Done(ended.value.code or 0, printed.out, printed.err)

    return run


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    presets.use("demo", target=tmp_path / "params.yaml")
    return tmp_path


def rewrite(workspace: Path, path: str, value: object) -> None:
    target = workspace / "params.yaml"
    document = yaml.safe_load(target.read_text(encoding="utf-8"))
    block = document
    *parents, last = path.split(".")
    for key in parents:
        block = block[key]
    block[last] = value
    target.write_text(yaml.safe_dump(document), encoding="utf-8")


def refused(done: Done, *said: str) -> None:
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in lines[0]


def test_an_unknown_preset(genre: Genre, workspace: Path) -> None:
    before = (workspace / "params.yaml").read_bytes()
    refused(genre("config", "use", "gtzam", folder=workspace), "'gtzam'", "demo", "gtzan-mini")
    assert (workspace / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("command", ["tune", "train"])
def test_an_unknown_model(genre: Genre, workspace: Path, command: str) -> None:
    refused(genre("stage", command, "cnn", folder=workspace), "'cnn'", "mlp")


@pytest.mark.parametrize("command", ["features", "validate"])
def test_an_unknown_feature(genre: Genre, workspace: Path, command: str) -> None:
    refused(genre("stage", command, "chroma", folder=workspace), "'chroma'", "mfcc_summary")


def test_an_unknown_model_of_a_run(genre: Genre, workspace: Path) -> None:
    (workspace / "data/raw/synthetic").mkdir(parents=True)
    refused(genre("run", "--model", "mlp", "--model", "cnn", folder=workspace), "'cnn'", "mlp")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sead", 1, "sead"),
        ("tuning.max_trials", "many", "tuning.max_trials is 'many'"),
        ("corpus.sources.audio.path", "data/raw/mine", "data/raw/mine"),
        ("corpus.published", {"artists": "nobody.txt"}, "corpus.published.artists: nobody.txt is missing"),
        ("corpus.published", {"singers": "all.txt"}, "singers"),
        ("split.protocol", "fault_filtered", "lists with the folder of the published split lists"),
        (
            "models.cnn",
            {"network": "cnn", "feature": "mel_image", "variant": "study", "variants": {"study": {}}},
            "models.cnn",
        ),
        ("features.mfcc_sequence.options", {"coeficients": 13}, "coeficients"),
    ],
)
def test_a_wrong_parameter(genre: Genre, workspace: Path, path: str, value: object, said: str) -> None:
    rewrite(workspace, path, value)
    refused(genre("config", "check", folder=workspace), said)


def test_a_missing_corpus_path(genre: Genre, workspace: Path) -> None:
    refused(
        genre("config", "use", "gtzan", "--corpus-path", "/nowhere/at/all", folder=workspace),
        "/nowhere/at/all",
    )


def test_no_params_at_all(genre: Genre, tmp_path: Path) -> None:
    refused(genre("config", "check", folder=tmp_path), "params.yaml")


@pytest.mark.parametrize("genres", [[], ["blues"]])
def test_a_folder_without_two_genres(genre: Genre, workspace: Path, genres: list[str]) -> None:
    folder = workspace / "music"
    folder.mkdir()
    for name in genres:
        (folder / name).mkdir()
    rewrite(workspace, "corpus.sources.audio.path", str(folder))
    refused(genre("stage", "corpus", "audio", folder=workspace), str(folder))
    assert not (workspace / "data/corpus/audio.parquet").exists()


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


def test_a_valid_project_is_said_to_be_valid(genre: Genre, workspace: Path) -> None:
    done = genre("config", "check", folder=workspace)
    assert (done.returncode, done.stdout.strip()) == (0, "params.yaml is valid")
