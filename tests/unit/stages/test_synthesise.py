"""The embedded corpus: made from its params alone, the same bytes each time, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components.config.params import Params
from components.core.errors import CorpusError, ParamsError
from components.corpus.synthetic import composition
from components.corpus.synthetic.instruments import VOICES, Instrument
from components.corpus.synthetic.styles import chord
from components.corpus.synthetic.styles_by_genre import STYLES
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


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"seconds": 3.0}, "synthetic.synthetic: tracks_per_genre"),
        ({"tracks_per_genre": 0, "seconds": 3.0}, "greater than or equal to 1"),
        ({"tracks_per_genre": 2, "seconds": 0.0}, "seconds is 0.0: .*greater than or equal to 1"),
        ({"tracks_per_genre": 2, "seconds": 3.0, "sed": 1}, "sed is 1"),
        ({"tracks_per_genre": {"polka": 2, "jazz": 2}, "seconds": 3.0}, "no rules for polka; valid: blues, "),
    ],
)
def test_a_wrong_block_is_named(tmp_path: Path, demo_params: Params, block: dict, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        synthesise.run("synthetic", params=with_block(demo_params, **block), root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_lists_the_known(tmp_path: Path, demo_params: Params) -> None:
    with pytest.raises(ParamsError, match=r"'other' is not in params\.yaml; valid: synthetic"):
        synthesise.run("other", params=demo_params, root=tmp_path)


@pytest.mark.parametrize("genre", STYLES)
def test_rules_are_complete(genre: str) -> None:
    style = STYLES[genre]
    voices = {*style.bass.voices, *style.chords.voices, *style.lead.voices}
    rhythms = [
        *style.bass.rhythms,
        *style.chords.rhythms,
        *(style.drums.patterns.values() if style.drums else ()),
    ]
    assert voices <= VOICES.keys()
    assert all(len(rhythm) == 16 and set(rhythm) <= set("xo.") for rhythm in rhythms)
    assert set(style.neighbours) <= STYLES.keys() - {genre}
    assert all(chord(symbol) for progression in style.chords.progressions for symbol in progression.split())


def test_genres_borrow_from_their_neighbours_and_from_none_else() -> None:
    draws = 200
    parts = ("feel", "drums", "bass", "chords", "lead", "sound")
    borrowed = 0
    for seed in range(draws):
        style = composition.borrow("rock", rng=np.random.default_rng(seed))
        allowed = [STYLES["rock"], *(STYLES[name] for name in STYLES["rock"].neighbours)]
        for part in parts:
            assert any(getattr(style, part) == getattr(one, part) for one in allowed)
            borrowed += getattr(style, part) != getattr(STYLES["rock"], part)
    assert 0.04 < borrowed / (draws * len(parts)) < 0.12


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("I", (0, (0, 4, 7))),
        ("vi7", (9, (0, 3, 7, 10))),
        ("bVII", (10, (0, 4, 7))),
        ("IVmaj7", (5, (0, 4, 7, 11))),
        ("bII5", (1, (0, 7, 12))),
    ],
)
def test_chord_symbols(symbol: str, expected: tuple) -> None:
    assert chord(symbol) == expected


@pytest.mark.parametrize("symbol", ["", "H", "I9", "iV", "7"])
def test_what_is_no_chord_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        chord(symbol)


def test_a_note_sounds_at_its_pitch() -> None:
    note = Instrument(VOICES["organ"], rng=np.random.default_rng(0)).note(69, 1.0, 0.5)
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
    frequencies = np.fft.rfftfreq(len(note), 1 / 22_050)
    assert frequencies[np.argmax(spectrum)] == pytest.approx(440, abs=2)


def test_genres_can_be_told_apart_but_not_wholly(tmp_path: Path, demo_params: Params) -> None:
    """Songs kept whole, a plain classifier on MFCC statistics is far above chance and far below perfect."""
    import librosa
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder = synthesise.run(
        "synthetic", params=with_block(demo_params, tracks_per_genre=8, seconds=6.0), root=tmp_path
    )
    rows, labels, songs = [], [], []
    for song, path in enumerate(sorted(folder.rglob("*.wav"))):
        samples, rate = soundfile.read(path, dtype="float32")
        for piece in samples.reshape(2, -1):
            mfcc = librosa.feature.mfcc(y=piece, sr=rate, n_mfcc=20)
            rows.append([*mfcc.mean(axis=1), *mfcc.std(axis=1)])
            labels.append(path.parent.name)
            songs.append(song)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    # Eight folds of one song a genre each: every fold learns from seven songs of a genre.
    scores = cross_val_score(
        classifier, np.array(rows), labels, groups=[s % 8 for s in songs], cv=GroupKFold(8)
    )
    assert 0.5 < scores.mean() < 0.9
