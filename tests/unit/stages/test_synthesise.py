"""The synthetic corpus: made from its params alone, the same bytes each time, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus.synthetic.styles import STYLES
from components.stages import synthesise

SMALL = {"tracks_per_genre": {"blues": 1, "metal": 2}, "seconds": 3.0}


def with_block(params: Params, **block: object) -> Params:
    return params.model_copy(update={"synthetic": {"synthetic": block}})


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.wav"))
    }


def test_one_folder_a_genre_of_sixteen_bit_mono(tmp_path: Path, demo_params: Params) -> None:
    folder = synthesise.run(
        "synthetic", params=with_block(demo_params, tracks_per_genre=1, seconds=1.5), root=tmp_path
    )
    assert folder == tmp_path / "raw/synthetic"
    assert sorted(hashes(folder)) == [f"{genre}/{genre}.00000.wav" for genre in sorted(STYLES)]
    for path in folder.rglob("*.wav"):
        facts = soundfile.info(path)
        assert (facts.samplerate, facts.channels, facts.subtype, facts.frames) == (
            22_050,
            1,
            "PCM_16",
            33_075,
        )


def test_same_seed_same_bytes(tmp_path: Path, demo_params: Params) -> None:
    params = with_block(demo_params, **SMALL)
    first = hashes(synthesise.run("synthetic", params=params, root=tmp_path / "a"))
    assert first == hashes(synthesise.run("synthetic", params=params, root=tmp_path / "b"))
    assert len(set(first.values())) == 3


def test_another_seed_other_music(tmp_path: Path, demo_params: Params) -> None:
    first = synthesise.run("synthetic", params=with_block(demo_params, **SMALL), root=tmp_path / "a")
    second = synthesise.run(
        "synthetic", params=with_block(demo_params, **SMALL, seed=21), root=tmp_path / "b"
    )
    assert not set(hashes(first).values()) & set(hashes(second).values())


def test_more_tracks_or_fewer_genres_change_no_track(tmp_path: Path, demo_params: Params) -> None:
    few = hashes(synthesise.run("synthetic", params=with_block(demo_params, **SMALL), root=tmp_path / "a"))
    more = with_block(demo_params, tracks_per_genre={"metal": 3, "jazz": 1}, seconds=3.0)
    many = hashes(synthesise.run("synthetic", params=more, root=tmp_path / "b"))
    shared = few.keys() & many.keys()
    assert sorted(shared) == ["metal/metal.00000.wav", "metal/metal.00001.wav"]
    assert all(few[name] == many[name] for name in shared)


def test_no_track_is_silent_or_clipped_and_levels_differ(tmp_path: Path, demo_params: Params) -> None:
    block = {"tracks_per_genre": 2, "seconds": 3.0}
    folder = synthesise.run("synthetic", params=with_block(demo_params, **block), root=tmp_path)
    peaks = [float(np.abs(soundfile.read(path)[0]).max()) for path in folder.rglob("*.wav")]
    assert 0.3 < min(peaks) < 0.8 < max(peaks) < 1.0


def test_an_error_part_of_the_way_leaves_the_old_collection(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = with_block(demo_params, **SMALL)
    folder = synthesise.run("synthetic", params=params, root=tmp_path)
    before = hashes(folder)
    written = []

    def third_fails(*args: object, **kwargs: object) -> np.ndarray:
        written.append(args)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return np.zeros(10, dtype=np.float32)

    monkeypatch.setattr("components.stages.synthesise.compose", third_fails)
    with pytest.raises(CorpusError, match="raw/synthetic cannot be written: No space left on device"):
        synthesise.run("synthetic", params=params, root=tmp_path)
    assert hashes(folder) == before
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["synthetic"]
