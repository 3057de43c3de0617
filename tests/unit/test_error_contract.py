"""Errors of every room: one line that names the value and the valid choices, and the exit status.

The form of messages is tested here; elsewhere a test looks for the value that a message has to name.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.core import errors
from components.core.errors import GenreError
from tests.unit.conftest import Genre

#: Changes a workspace before the command.
Prepare = Callable[[Path], object]
MODELS = ("lstm", "mlp", "vgg16", "yamnet")
STUDY = "models.mlp.variants.study"
UNITS = {"type": "int", "low": 8, "high": 64}


def rewrite(path: str, value: object) -> Prepare:
    """Set a key of params.yaml."""

    def prepare(workspace: Path) -> None:
        target = workspace / "params.yaml"
        document = yaml.safe_load(target.read_text(encoding="utf-8"))
        block = document
        *parents, last = path.split(".")
        for key in parents:
            block = block[key]
        block[last] = value
        target.write_text(yaml.safe_dump(document), encoding="utf-8")

    return prepare


def write(path: str, text: str = "") -> Prepare:
    """Write a file, and make its folder."""

    def prepare(workspace: Path) -> None:
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(text, encoding="utf-8")

    return prepare


def together(*steps: Prepare) -> Prepare:
    """Prepare one after another."""
    return lambda workspace: [step(workspace) for step in steps]


#: A command, its preparation, and what its one line on standard error holds. The exit status is 2.
INPUT: list[tuple[str, Prepare | None, tuple[str, ...]]] = [
    # names that do not exist
    ("config use gtzam", None, ("'gtzam'", "demo", "gtzan-mini")),
    ("download gtzam", None, ("'gtzam'", "gtzan", "gtzan-mini")),
    ("stage synthesise jazz", None, ("'jazz'", "synthetic")),
    ("stage corpus vinyl", None, ("'vinyl'", "audio")),
    ("stage published singers", None, ("'singers'",)),
    ("stage features chroma", None, ("'chroma'", "mfcc_summary", "mel_image")),
    ("stage validate chroma", None, ("'chroma'", "mfcc_summary", "mel_image")),
    ("stage tune cnn", None, ("'cnn'", *MODELS)),
    ("stage train cnn", None, ("'cnn'", *MODELS)),
    ("run --model mlp --model cnn", lambda at: (at / "data/raw/synthetic").mkdir(parents=True), ("'cnn'", *MODELS)),
    ("reproduce --list --only cnn", None, ("'cnn'", "mlp")),
    ("reproduce --list --budget endless", None, ("'endless'", "quick", "full")),
    # what is no command, option or argument of one
    ("stagger", None, ("'stagger'", "genre --help")),
    ("stage corpse", None, ("'corpse'", "genre stage --help")),
    ("predict", None, ("songs", "genre predict --help")),
    ("predict --jsn song.mp3", None, ("--jsn", "--json")),
    ("tag songs --min-confidence high", None, ("--min-confidence", "'high'")),
    ("tune mlp --trials many", None, ("--trials", "'many'")),
    ("ui --port 99999", None, ("--port", "99999", "65535")),
    ("serve --port=-1", None, ("--port", "-1", "genre serve --help")),
    ("mlflow-ui --port 65536", None, ("--port", "65536", "65535")),
    # places to write to
    ("tag songs --playlists taken/list", write("taken"), ("--playlists", "taken", "is no folder")),
    ("evaluate songs --out taken/there", write("taken"), ("--out", "taken", "is no folder")),
    ("evaluate songs --json taken/x.json", write("taken"), ("--json", "taken", "is no folder")),
    ("tag songs --playlists new/list", None, ("--playlists", "new does not exist")),
    ("evaluate songs --out new/there", None, ("--out", "new does not exist")),
    ("evaluate songs --json new/x.json", None, ("--json", "new does not exist")),
    ("evaluate songs --json taken", lambda at: (at / "taken").mkdir(), ("--json", "taken", "is no file")),
    ("export kubeflow --out new/pipeline.yaml", None, ("--out", "new does not exist")),
    # songs
    ("predict nowhere.wav", None, ("nowhere.wav: file not found", "valid: audio files")),
    ("predict broken.wav", lambda at: (at / "broken.wav").symlink_to("x"), ("broken.wav", "does not exist")),
    ("predict https://music.org/a.wav", None, ("https:/music.org/a.wav: a URL", "on this machine")),
    ("predict pipe.wav", lambda at: os.mkfifo(at / "pipe.wav"), ("pipe.wav: not a regular file",)),
    ("predict empty", lambda at: (at / "empty").mkdir(), ("empty holds no audio file", ".wav")),
    ("tag nowhere.wav", None, ("nowhere.wav: file not found",)),
    # a pipeline for another platform
    ("export kubeflow", None, ("--dvc-remote", "s3://BUCKET/FOLDER")),
    ("export kubeflow --dvc-remote s3://a:b@music/dvc", None, ("s3://…@music/dvc", "Kubernetes secret")),
    ("export kubeflow --dvc-remote s3://music/dvc", None, ("--mlflow", "http://mlflow:5000")),
    # values of params.yaml
    ("config check", rewrite("sead", 3), ("'sead'", "valid", "seed")),
    ("config check", rewrite("seed", "twenty"), ("seed is 'twenty'",)),
    ("config check", rewrite("seed", -1), ("seed is -1",)),
    ("config check", rewrite("split.protocol", "songs"), ("split.protocol is 'songs'", "track", "segment")),
    ("config check", rewrite("split.fold", 5), ("fold is 5", "0 to 4")),
    ("config check", rewrite("tuning.tuner", "guess"), ("tuning.tuner is 'guess'", "random")),
    ("config check", rewrite("tuning.max_trials", "many"), ("tuning.max_trials is 'many'",)),
    ("config check", rewrite("models.mlp.feature", "mfcc"), ("'mfcc'", "mfcc_summary")),
    ("config check", rewrite("models.mlp.network", "../mlp"), ("models.mlp.network is '../mlp'",)),
    ("config check", rewrite("models.mlp.variant", "better"), ("'better'", "best", "study")),
    ("config check", rewrite("models.mlp.variants", {}), ("models.mlp.variants",)),
    ("config check", rewrite(f"{STUDY}.start", {"activation": "relu"}), ("units_1",)),
    ("config check", rewrite(f"{STUDY}.search.units_1", {"type": "range"}), (f"{STUDY}.search.units_1",)),
    ("config check", rewrite(f"{STUDY}.search", {"units_1": UNITS}), ("activation", "units_1")),
    ("config check", rewrite(f"{STUDY}.fixed", {"units_1": 8}), ("units_1", "valid: one of the two")),
    ("config check", rewrite("features.mel_image.unit", "bar"), ("features.mel_image.unit is 'bar'", "segment")),
    ("config check", rewrite("features.mel_image", None), ("features.mel_image",)),
    ("config check", rewrite("features.mfcc_sequence.options", {"coeficients": 13}), ("coeficients", "coefficients")),
    ("config check", rewrite("corpus.sources", {"vinyl": {"path": "x"}}), ("corpus.sources.vinyl",)),
    ("config check", rewrite("corpus.sources.audio.path", "data/raw/mine"), ("data/raw/mine",)),
    ("config check", rewrite("corpus.published", {"artists": "nobody.txt"}), ("nobody.txt",)),
    ("config check", rewrite("corpus.published", {"singers": "all.txt"}), ("singers",)),
    ("config check", rewrite("split.protocol", "fault_filtered"), ("fault_filtered", "lists")),
    ("config check", rewrite("segments.seconds", float("nan")), ("segments.seconds",)),
    # files that are missing or damaged
    ("config check", lambda at: (at / "params.yaml").unlink(), ("params.yaml",)),
    ("config check", write("params.yaml", "a: [1"), ("params.yaml",)),
    ("config check", write("params.yaml", "- a"), ("params.yaml",)),
    ("config use gtzan --corpus-path /nowhere/at/all", None, ("--corpus-path", "/nowhere/at/all")),
    ("predict nowhere.wav --json --csv", None, ("--json", "--csv")),
    ("evaluate nowhere", None, ("nowhere", "folder")),
    ("evaluate nowhere.csv", None, ("nowhere.csv",)),
    ("evaluate . --limit 0", None, ("--limit is 0", "valid: 1")),
    ("evaluate music", write("music/notes.txt"), ("music", "one subfolder a genre")),
    ("evaluate music --labels moods", write("music/a.wav"), ("'moods'", "folders", "tags")),
    ("evaluate music.csv", write("music.csv", "file,genre\n"), ("music.csv", "path")),
    ("evaluate music --artists gone.txt", write("music/jazz/a.wav"), ("--artists", "gone.txt")),
    ("evaluate music --out .", write("music/jazz/a.wav"), ("--out", "other files")),
    ("score nowhere", None, ("nowhere", "folder")),
    ("score . --threshold 7", None, ("7",)),
    ("stage corpus audio", None, ("data/raw/synthetic",)),
    ("stage split", None, ("data/corpus/audio.parquet", "corpus audio")),
    ("stage split", write("data/corpus/audio.parquet", "half"), ("data/corpus/audio.parquet", "corpus audio")),
    ("stage compare", None, ("data/splits/split.json", "dvc repro split")),
    ("stage compare", write("data/splits/split.json", "{}"), ("data/splits/split.json", "dvc repro split")),
]  # fmt: skip
SPLIT = write(
    "data/splits/split.json",
    json.dumps(
        {"protocol": "track", "seed": 1, "fold": 0, "folds": 5, "fingerprint": "f" * 64, "genres": ["a", "b"]}
        | {
            "counts": {},
            "artists": "unknown",
            "artists_by_genre": {},
            "confounded": [],
            "tracks_with_artist": 0,
        }
    ),
)
TRAINED = together(
    SPLIT,
    *(
        write(f"data/models/mlp/{name}", "{}")
        for name in ("model.keras", "metrics.json", "history.csv", "predictions.parquet", "songs.parquet")
    ),
)
#: As above, of work that failed; the exit status is 1.
WORK: list[tuple[str, Prepare | None, tuple[str, ...]]] = [
    ("predict song.wav", write("song.wav"), ("mlruns/mlflow.db", "genre run")),
    ("promote", None, ("data/report/comparison.json", "dvc repro compare")),
    ("promote", write("data/report/comparison.json", "{}"), ("data/report/comparison.json", "dvc repro compare")),
    ("promote", write("data/report/comparison.json", "["), ("data/report/comparison.json", "dvc repro compare")),
    ("stage compare", SPLIT, ("data/models", "mlp", "dvc repro train@mlp")),
    ("stage compare", together(TRAINED, write("data/models/mlp/training.json", "{")), ("training.json", "train@mlp")),
    ("stage train mlp", None, ("data/tuning/mlp/best.json", "dvc repro tune@mlp")),
    ("stage train mlp", write("data/tuning/mlp/best.json", "{}"), ("data/tuning/mlp/best.json", "dvc repro tune@mlp")),
]  # fmt: skip


def named(cases: list[tuple[str, Prepare | None, tuple[str, ...]]]) -> list[Any]:
    return [pytest.param(*case, id=f"{case[0]}: {case[2][0]}") for case in cases]


def check(done: Any, *, status: int, words: tuple[str, ...]) -> None:
    assert done.returncode == status, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("genre: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(("command", "prepare", "words"), named(INPUT))
def test_input_that_a_person_can_correct(
    genre: Genre, workspace: Path, command: str, prepare: Prepare | None, words: tuple[str, ...]
) -> None:
    if prepare:
        prepare(workspace)
    before = (workspace / "params.yaml").read_bytes() if (workspace / "params.yaml").exists() else None
    check(genre(*command.split(), folder=workspace), status=2, words=words)
    if before is not None:
        assert (workspace / "params.yaml").read_bytes() == before


@pytest.mark.parametrize(("command", "prepare", "words"), named(WORK))
def test_work_that_failed(
    genre: Genre, workspace: Path, command: str, prepare: Prepare | None, words: tuple[str, ...]
) -> None:
    if prepare:
        prepare(workspace)
    check(genre(*command.split(), folder=workspace), status=1, words=words)


@pytest.mark.parametrize("genres", [[], ["blues"]])
def test_a_folder_without_two_genres(genre: Genre, workspace: Path, genres: list[str]) -> None:
    folder = workspace / "music"
    folder.mkdir()
    for name in genres:
        (folder / name).mkdir()
    rewrite("corpus.sources.audio.path", str(folder))(workspace)
    check(genre("stage", "corpus", "audio", folder=workspace), status=2, words=(str(folder),))
    assert not (workspace / "data/corpus/audio.parquet").exists()


@pytest.mark.parametrize(
    "command",
    ["run", "stage tune mlp", "stage corpus synthetic", "stage features mfcc_summary", "predict a.wav", "tag a.wav",
     "evaluate songs", "score songs", "stage study corpus gtzan", "stage study features mfcc", "stage study fit mlp"],
)  # fmt: skip
def test_an_address_of_a_cluster_that_is_none(
    genre: Genre, workspace: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    from tests.support.small_project import build_small_project

    build_small_project(workspace / "data", seed=1)
    (workspace / "data/raw/synthetic").mkdir(parents=True)
    monkeypatch.setenv("GENRE_CLUSTER", "dask.lan:8786")
    words = ("GENRE_CLUSTER", "'dask.lan:8786'", "tcp://HOST:PORT")
    check(genre(*command.split(), folder=workspace), status=2, words=words)


def test_a_full_disk_is_one_line_too(genre: Genre, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.config import params

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "data/raw")

    monkeypatch.setattr(params, "load", full)
    check(genre("config", "check", folder=workspace), status=1, words=("data/raw", "No space left"))


def test_every_kind_has_one_root_and_an_exit_status() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert len(kinds) > 10
    for kind in kinds:
        assert issubclass(kind, GenreError) and kind.exit_status in (1, 2) and kind.__doc__


def test_a_message_is_one_line_whatever_is_in_a_name(genre: Genre, workspace: Path) -> None:
    done = genre("predict", "new\nline\x1b[2J\udce9.wav", folder=workspace)
    assert done.returncode == 2
    assert done.stderr.startswith("genre: new\\nline\\x1b[2J\\xe9.wav: file not found")
    assert done.stderr.count("\n") == 1
