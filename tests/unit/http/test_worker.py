"""A song in a worker process: its prediction as on the command line, or the status of its fault."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from components.core.errors import AudioError, NotAudioError, PretrainedError, TooLongError
from components.http import worker
from components.http.worker import File, Limits, Outcome
from components.serving import load, output
from components.serving.predict import predict
from tests.support import constant_model

LIMITS = Limits(seconds=60.0, bytes=10_000_000)


def of(song: Path, *, uri: str, name: str, limits: Limits = LIMITS) -> Outcome:
    (found,) = worker.predict([File(str(song), name)], uri=uri, limits=limits)
    return found


@pytest.fixture
def uri(monkeypatch: pytest.MonkeyPatch, tmp_path, demo_text) -> str:
    """The address of a model that always predicts jazz."""
    (tmp_path / "params.yaml").write_text(demo_text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    worker._loaded.cache_clear()
    monkeypatch.setattr(worker, "_one_thread", lambda: None)
    monkeypatch.setattr(load, "store", lambda: None)
    monkeypatch.setattr(load, "load", lambda *_, **__: constant_model.loaded_model())
    return "models:/genre/1"


def test_a_song_is_told_as_the_command_line_tells_it(uri, tmp_path):
    song = constant_model.song(tmp_path / "song.wav")
    found = of(song, uri=uri, name=str(song))
    written = StringIO()
    model = constant_model.loaded_model()
    output.write_json(list(predict([song], model=model)), model=model, timeline=True, to=written)
    assert found.status == 200
    assert [found.song] == json.loads(written.getvalue())["songs"]


@pytest.mark.parametrize(("limits", "status"), [(Limits(3.0, 10_000_000), 413), (Limits(60.0, 1000), 413)])
def test_a_song_beyond_the_limits_is_413(uri, tmp_path, limits, status):
    song = constant_model.song(tmp_path / "song.wav")
    found = of(song, uri=uri, name="mine.wav", limits=limits)
    assert found.status == status
    assert found.song["file"] == "mine.wav"
    assert found.song["reason"]


def test_what_is_no_audio_is_415_and_what_is_too_short_422(uri, tmp_path):
    (tmp_path / "notes.wav").write_text("no sound")
    short = constant_model.song(tmp_path / "short.wav", seconds=0.1)
    good = constant_model.song(tmp_path / "song.wav")
    files = [File(str(path), path.name) for path in (tmp_path / "notes.wav", good, short)]
    found = worker.predict(files, uri=uri, limits=LIMITS)
    assert [one.status for one in found] == [415, 200, 422]
    assert [one.song["file"] for one in found] == ["notes.wav", "song.wav", "short.wav"]


def test_a_model_is_described_and_its_network_is_no_export(uri):
    loaded = worker.load(uri, limits=LIMITS)
    assert loaded.model.uri == constant_model.loaded_model().uri
    # Songs beside one another would save nothing.
    assert loaded.block == 0.0


def test_a_process_keeps_the_two_models_that_were_used_last(uri, monkeypatch):
    loads = []

    def counted(_client, address, **_):
        loads.append(address)
        return constant_model.loaded_model()

    monkeypatch.setattr(load, "load", counted)
    for version in (1, 2, 1, 3, 1, 2):
        worker.load(f"models:/genre/{version}", limits=LIMITS)
    assert [address[-1] for address in loads] == ["1", "2", "3", "2"]


def test_a_fault_that_is_not_the_song_s_is_raised():
    assert [worker.status_of(kind("x")) for kind in (TooLongError, NotAudioError, AudioError)] == [
        413,
        415,
        422,
    ]
    with pytest.raises(PretrainedError):
        worker.status_of(PretrainedError("weights"))
