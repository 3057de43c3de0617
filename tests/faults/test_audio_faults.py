"""Every unfriendly audio file ends in a right row or a named reason: no crash, no hang, no wrong number."""

from __future__ import annotations

import os
import re
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.config.params import Params
from components.core import hashing
from components.core.errors import AudioError, CorpusError
from components.corpus import audio, audio_files, discovery
from components.corpus import store as corpus_store
from components.stages import corpus
from tests.support.collections_on_disk import RATE, pointed_at, tone, write_tracks

Make = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks(tmp_path / "music", {"jazz": 2, "rock": 2}, seconds=3.0)


def listed(folder: Path, params: Params) -> pd.DataFrame:
    return corpus.run("audio", params=pointed_at(params, audio=folder), root=folder.parent / "data")


def row_of(folder: Path, name: str, params: Params) -> pd.Series:
    rows = listed(folder, params)
    assert (rows["fault"] == "").sum() >= 4, "the four good tracks stay usable"
    return rows[rows["path"] == f"rock/{name}"].iloc[0]


# --- how the files are made


def wav(samples: np.ndarray | None = None, *, rate: int = RATE, **options: str) -> Make:
    return lambda path: soundfile.write(path, tone() if samples is None else samples, rate, **options)


def content(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def encoded(container: str, **options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        noisy = tone(6.0) + np.random.default_rng(0).normal(0, 0.05, 6 * RATE)
        soundfile.write(path, noisy, RATE, format=container, **options)
        return path.read_bytes()


def cut(container: str, *, keep: float) -> Make:
    return lambda path: path.write_bytes((data := encoded(container))[: round(len(data) * keep)])


def with_data_size(size: int) -> Make:
    def make(path: Path) -> None:
        data = bytearray(encoded("WAV"))
        start = data.index(b"data") + 4
        data[start : start + 4] = struct.pack("<I", size)
        path.write_bytes(data)

    return make


def riff(
    *, rate: int = RATE, channels: int = 1, bits: int = 16, align: int | None = None, size: int = 0
) -> bytes:
    """A WAV header for ``size`` bytes of samples."""
    align = channels * bits // 8 if align is None else align
    form = struct.pack("<HHIIHH", 1, channels, rate, min(rate * align, 2**32 - 1), align, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def sparse(size: int) -> Make:
    """A right header, and ``size`` bytes of samples that take no room on the disk."""

    def make(path: Path) -> None:
        path.write_bytes(riff(size=min(size, 2**32 - 100)))
        os.truncate(path, 44 + size)

    return make


def link(target: str) -> Make:
    return lambda path: path.symlink_to(target)


def planted(value: float, *, at: int) -> np.ndarray:
    samples = tone()
    samples[at] = value
    return samples


def bound_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is at most 107 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


ZEROS = np.zeros(RATE * 4, dtype=np.float32)
OPPOSITE = np.stack([tone(), -tone()], axis=1)
LEFT_OUT = {
    # content
    "text": ("x.wav", content(b"This is not music at all.\n" * 400), "no RIFF header"),
    "riff overwritten": (
        "x.wav",
        lambda p: p.write_bytes(b"\0\0\0\0" + encoded("WAV")[4:]),
        "no RIFF header",
    ),
    "png": ("x.wav", content(b"\x89PNG\r\n\x1a\n" + bytes(900)), "no RIFF header"),
    "a web page named mp3": ("x.mp3", content(b"<!doctype html><title>404</title>" * 30), "not audio"),
    "riff but a picture": ("x.wav", content(b"RIFF\x24\0\0\0WEBPVP8 " + bytes(200)), "not audio"),
    "zero bytes": ("x.wav", content(b""), "empty: 0 bytes"),
    "one byte": ("x.wav", content(b"R"), "no RIFF header"),
    "no samples": ("x.wav", wav(np.zeros(0)), "empty: no samples"),
    "another container": (
        "x.wav",
        wav(format="NIST", subtype="PCM_16"),
        "format NIST; valid: AIFF, AU, CAF, FLAC",
    ),
    "random bytes": ("x.ogg", content(np.random.default_rng(0).bytes(5000)), "not audio"),
    # truncated, or a header that lies
    "truncated in the header": ("x.wav", content(encoded("WAV")[:20]), "not audio"),
    "ten hours": (
        "x.wav",
        sparse(36_000 * RATE * 2),
        r"too long: 36000.00 s by its header, the limit is 3600",
    ),
    "five gigabytes": (
        "x.wav",
        sparse(5 * 2**30),
        "too large: 5368709164 bytes, corpus.max_bytes is 2000000000",
    ),
    "no channels": (
        "x.wav",
        content(riff(channels=0, size=80_000) + bytes(80_000)),
        "no sound in it can be decoded",
    ),
    "no bits": (
        "x.wav",
        content(riff(bits=0, align=0, size=80_000) + bytes(80_000)),
        "of a codec that is not decoded",
    ),
    "no rate": ("x.wav", content(riff(rate=0, size=80_000) + bytes(80_000)), "not audio|sample rate 0"),
    "rate of one hertz": (
        "x.wav",
        content(riff(rate=1, size=80_000) + bytes(80_000)),
        "sample rate 1 Hz; valid: 4000",
    ),
    "rate of a gigahertz": (
        "x.wav",
        content(riff(rate=10**9, size=8000) + bytes(8000)),
        "sample rate 1000000000 Hz",
    ),
    "65 channels": ("x.wav", wav(np.zeros((70_000, 65))), "65 channels; valid: 1 to 64"),
    # samples
    "nan": ("x.wav", wav(planted(np.nan, at=70_000), subtype="FLOAT"), "not finite: 1 samples"),
    "infinity in the last sample": (
        "x.wav",
        wav(planted(np.inf, at=-1), subtype="FLOAT"),
        "not finite: 1 samples",
    ),
    "minus infinity": ("x.wav", wav(planted(-np.inf, at=0), subtype="DOUBLE"), "not finite: 1 samples"),
    "beyond float32": ("x.wav", wav(tone().astype(float) * 1e300, subtype="DOUBLE"), "not finite"),
    "nan in one channel": (
        "x.wav",
        wav(np.stack([tone(), planted(np.nan, at=5)], axis=1), subtype="FLOAT"),
        "not finite: 1 samples",
    ),
    "silence": ("x.wav", wav(ZEROS), "silent"),
    "dithered silence": (
        "x.wav",
        wav(np.random.default_rng(0).integers(-1, 2, RATE * 4).astype(np.int16)),
        "silent",
    ),
    "direct current": ("x.wav", wav(ZEROS + 0.5), "silent"),
    "channels in opposite phase": ("x.wav", wav(OPPOSITE), "silent"),
    "one sample short of the shortest": (
        "x.wav",
        wav(tone(1.0)[:-1]),
        "too short: 1.00 s, segments.shortest is 1",
    ),
    "one sample": ("x.wav", wav(tone()[5:6]), "too short"),
    # what lies in the file's place
    "a folder": ("x.wav", Path.mkdir, "not a regular file: a folder"),
    "a pipe": ("x.wav", os.mkfifo, "not a regular file: a pipe"),
    "a socket": ("x.wav", bound_socket, "not a regular file: a socket"),
    "link out": ("x.wav", link("../../outside.wav"), "link out of the corpus"),
    "link to a device": ("x.wav", link("/dev/zero"), "not a regular file: a device"),
    "link to itself": ("x.wav", link("x.wav"), "link that leads in a circle"),
    "link to nothing": ("x.wav", link("gone.wav"), "link to a file that does not exist"),
    "link to a folder": ("albums", link("/"), "link to a folder: corpus.follow_links: true"),
    "link to its own parent": ("again", link(".."), "link to a folder: corpus.follow_links: true"),
}


#: What is damaged is used as far as it decodes: seconds of it, seconds that are lost, and why.
DAMAGED = {
    "truncated in the wav data": ("x.wav", cut("WAV", keep=0.6), 3.6, 2.4, "truncated"),
    "truncated in the au data": ("x.au", cut("AU", keep=0.6), 3.6, 2.4, "truncated"),
    "truncated in the aiff data": ("x.aiff", cut("AIFF", keep=0.6), 3.6, 2.4, "truncated"),
    "truncated in the flac data": ("x.flac", cut("FLAC", keep=0.6), 3.6, 2.4, "damaged"),
    "truncated in the ogg data": ("x.ogg", cut("OGG", keep=0.6), 2.75, 0.0, "ends before its last page"),
    "truncated in the mp3 data": ("x.mp3", cut("MP3", keep=0.6), 3.6, 2.4, "truncated"),
    "header claims ten hours": ("x.wav", with_data_size(36_000 * RATE * 2), 6.0, 35_994.0, "truncated"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_of_what_is_damaged_all_that_decodes_is_used(folder: Path, demo_params: Params, case: str) -> None:
    name, make, seconds, lost, damage = DAMAGED[case]
    make(folder / "rock" / name)
    row = row_of(folder, name, demo_params)
    assert (row["fault"], row["segments"]) == ("", max(1, int(seconds // 3)))
    assert (row["seconds"], row["lost"]) == (pytest.approx(seconds, abs=0.4), pytest.approx(lost, abs=0.4))
    assert row["damage"].startswith(damage)


@pytest.mark.parametrize("case", LEFT_OUT)
def test_left_out_with_its_reason(folder: Path, demo_params: Params, case: str) -> None:
    name, make, reason = LEFT_OUT[case]
    soundfile.write(folder.parent / "outside.wav", tone(), RATE)
    make(folder / "rock" / name)
    row = row_of(folder, name, demo_params)
    assert re.search(reason, row["fault"]), row["fault"]
    assert row["segments"] == 0
    assert str(folder.parent) not in row["fault"], "a listing holds no absolute path"


@pytest.mark.parametrize("case", [name for name, (file, *_) in LEFT_OUT.items() if not file.startswith("a")])
def test_decoding_by_itself_refuses_or_gives_finite_samples(folder: Path, case: str) -> None:
    name, make, _ = LEFT_OUT[case]
    soundfile.write(folder.parent / "outside.wav", tone(), RATE)
    make(folder / "rock" / name)
    try:
        samples, rate = audio.decode(folder / "rock" / name)
    except AudioError as error:
        assert str(folder) not in str(error)
        assert "\n" not in str(error)
    else:
        assert np.isfinite(samples).all()
        assert 0 < len(samples) <= 3600 * rate


def stereo(channels: int) -> np.ndarray:
    return np.stack([tone(pitch=200.0 * (n + 1)) for n in range(channels)], axis=1)


USED = {
    "clipped": ("x.wav", wav(np.clip(tone(level=4.0), -1, 1)), RATE, 4.0),
    "exactly one segment": ("x.wav", wav(tone(3.0)), RATE, 3.0),
    "very quiet": ("x.wav", wav(tone(level=0.0005)), RATE, 4.0),
    "stereo": ("x.wav", wav(stereo(2)), RATE, 4.0),
    "six channels": ("x.wav", wav(stereo(6)), RATE, 4.0),
    "8 kHz": ("x.wav", wav(tone(rate=8000), rate=8000), 8000, 4.0),
    "44.1 kHz": ("x.wav", wav(tone(rate=44_100), rate=44_100), 44_100, 4.0),
    "96 kHz": ("x.wav", wav(tone(rate=96_000), rate=96_000), 96_000, 4.0),
    "8 bit": ("x.wav", wav(subtype="PCM_U8"), RATE, 4.0),
    "24 bit": ("x.wav", wav(subtype="PCM_24"), RATE, 4.0),
    "32 bit": ("x.wav", wav(subtype="PCM_32"), RATE, 4.0),
    "float": ("x.wav", wav(subtype="FLOAT"), RATE, 4.0),
    "double": ("x.wav", wav(subtype="DOUBLE"), RATE, 4.0),
    "float beyond full scale": ("x.wav", wav(tone(level=3.0), subtype="FLOAT"), RATE, 4.0),
    "mu-law": ("x.au", wav(subtype="ULAW"), RATE, 4.0),
    "adpcm": ("x.wav", wav(subtype="IMA_ADPCM"), RATE, 4.0),
    "big-endian": ("x.wav", wav(endian="BIG"), RATE, 4.0),
    "extensible header": ("x.wav", wav(format="WAVEX"), RATE, 4.0),
    "64-bit header": ("x.wav", wav(format="RF64"), RATE, 4.0),
    "opus": ("x.opus", wav(tone(rate=48_000), rate=48_000, format="OGG", subtype="OPUS"), 48_000, 4.0),
    "mp3 named wav": ("x.wav", content(encoded("MP3")), RATE, 6.0),
    "wav named mp3": ("x.mp3", content(encoded("WAV")), RATE, 6.0),
    "flac named ogg": ("x.ogg", content(encoded("FLAC")), RATE, 6.0),
    "streamed: length unknown": ("x.wav", with_data_size(0xFFFFFFFF), RATE, 6.0),
    "bytes after the samples": (
        "x.wav",
        lambda p: p.write_bytes(encoded("WAV") + b"LIST\x04\0\0\0text"),
        RATE,
        6.0,
    ),
    "tag before the mp3": (
        "x.mp3",
        lambda p: p.write_bytes(b"ID3\3\0\0\0\0\x07\x76" + bytes(1014) + encoded("MP3")),
        RATE,
        6.0,
    ),
    "link inside": ("x.wav", link("../jazz/jazz.00000.wav"), RATE, 3.0),
    "spaces": ("two  words .wav", wav(), RATE, 4.0),
    "quotes": ('it\'s "so" `called`.wav', wav(), RATE, 4.0),
    "newline": ("two\nlines.wav", wav(), RATE, 4.0),
    "control characters": ("bell\a\x1b[31m.wav", wav(), RATE, 4.0),
    "dots": ("a..b...wav", wav(), RATE, 4.0),
    "a dash first": ("-rf.wav", wav(), RATE, 4.0),
    "wildcards and variables": ("*?$HOME;|&%20.wav", wav(), RATE, 4.0),
    "comma and tab": ("a,b\tc.wav", wav(), RATE, 4.0),
    "accents in two parts": ("e\u0301te\u0301 🎷.wav", wav(), RATE, 4.0),
    "255 bytes": ("n" * 251 + ".wav", wav(), RATE, 4.0),
    "capitals": ("X.WAV", wav(), RATE, 4.0),
}


@pytest.mark.parametrize("case", USED)
def test_used_with_right_numbers(folder: Path, demo_params: Params, case: str) -> None:
    name, make, rate, seconds = USED[case]
    make(folder / "rock" / name)
    row = row_of(folder, name, demo_params)
    assert row["fault"] == ""
    assert row["sample_rate"] == rate
    # Lossy encoders pad to whole frames.
    assert row["seconds"] == pytest.approx(seconds, abs=0.06)
    assert row["samples"] == round(row["seconds"] * rate)
    assert row["segments"] == int(row["seconds"] // 3)
    assert row["track"].isprintable()


@pytest.mark.parametrize("case", USED)
def test_the_decoder_agrees_with_the_listing(folder: Path, demo_params: Params, case: str) -> None:
    name, make, *_ = USED[case]
    make(folder / "rock" / name)
    row = row_of(folder, name, demo_params)
    samples, rate = audio.decode(folder / row["path"])
    assert (len(samples), rate) == (row["samples"], row["sample_rate"])
    assert samples.dtype == np.float32


# --- names, doubles, folders


def test_a_name_that_is_not_utf8_is_left_out(folder: Path, demo_params: Params) -> None:
    soundfile.write(folder / "rock/x.wav", tone(), RATE)
    (folder / "rock/x.wav").rename(folder / os.fsdecode(b"rock/caf\xe9.wav"))
    row = row_of(folder, "caf\\xe9.wav", demo_params)
    assert (row["track"], row["fault"]) == ("rock/caf\\xe9", "name is not UTF-8")


def test_the_second_file_of_a_track_is_left_out(folder: Path, demo_params: Params) -> None:
    soundfile.write(folder / "rock/rock.00001.flac", tone(), RATE)
    row = row_of(folder, "rock.00001.wav", demo_params)
    assert row["fault"] == "second file of the track in rock/rock.00001.flac"
    assert row["track"] == "rock.00001 (rock/rock.00001.wav)"


@pytest.mark.parametrize("content", [b"", b"fLaC but not really"])
def test_a_usable_file_stands_before_an_unusable_one_of_the_same_track(
    folder: Path, demo_params: Params, content: bytes
) -> None:
    (folder / "rock/rock.00001.flac").write_bytes(content)
    row = row_of(folder, "rock.00001.wav", demo_params)
    assert (row["track"], row["fault"]) == ("rock.00001", "")


def test_a_linked_genre_is_not_followed_and_stops_the_run(folder: Path, demo_params: Params) -> None:
    (folder / "pop").symlink_to("/")
    with pytest.raises(CorpusError, match=r"'pop' keeps 0 usable of 1 tracks \(1 link to a folder\)"):
        listed(folder, demo_params)


def test_a_linked_collection_is_followed(folder: Path, demo_params: Params) -> None:
    (folder.parent / "elsewhere").symlink_to(folder)
    assert len(corpus_store.usable(listed(folder.parent / "elsewhere", demo_params))) == 4


def test_folders_a_hundred_and_fifty_deep_are_entered(folder: Path, demo_params: Params) -> None:
    here = Path.cwd()
    os.chdir(folder / "rock")
    for _ in range(150):
        Path("deep").mkdir()
        os.chdir("deep")
    soundfile.write("x.wav", tone(), RATE)
    os.chdir(here)
    assert len(corpus_store.usable(listed(folder, demo_params))) == 5


# --- permissions: root may read everything, so it becomes nobody for a moment


@pytest.fixture
def shared(demo_params: Params) -> Iterator[Path]:
    """A collection outside pytest's own folder, which nobody else may enter, already listed once."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_tracks(Path(place) / "music", {"jazz": 2, "rock": 3}, seconds=3.0)
        # The first listing loads what is loaded late, while everything can still be read.
        listed(folder, demo_params)
        for path in (
            Path(place),
            Path(place) / "data",
            Path(place) / "data/corpus",
            Path(place) / "data/.listings",
        ):
            path.chmod(0o777)
        yield folder
        (folder / "rock").chmod(0o755)


@contextmanager
def nobody() -> Iterator[None]:
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_that_may_not_be_read(shared: Path, demo_params: Params) -> None:
    (shared / "rock/rock.00001.wav").chmod(0o000)
    with nobody():
        rows = listed(shared, demo_params)
    assert rows.set_index("track").loc["rock.00001", "fault"] == "not readable: permission denied"


def test_a_genre_that_may_not_be_read(shared: Path, demo_params: Params) -> None:
    (shared / "rock").chmod(0o000)
    with nobody(), pytest.raises(CorpusError, match=r"rock' cannot be read: Permission denied"):
        listed(shared, demo_params)


def test_a_data_folder_that_may_not_be_written(shared: Path, demo_params: Params) -> None:
    (shared.parent / "data/corpus").chmod(0o755)
    before = (shared.parent / "data/corpus/audio.parquet").read_bytes()
    with nobody(), pytest.raises(CorpusError, match=r"audio\.parquet cannot be written: Permission denied"):
        listed(shared, demo_params)
    assert (shared.parent / "data/corpus/audio.parquet").read_bytes() == before


# --- the collection changes while it is listed


def after_the_walk(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something to the collection between finding the files and opening them."""
    walk = discovery.walk

    def walk_then_act(*args: object, **options: object) -> object:
        found = walk(*args, **options)  # type: ignore[arg-type]
        act()
        return found

    monkeypatch.setattr(discovery, "walk", walk_then_act)


def test_a_file_that_vanishes(folder: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(folder / "rock/x.wav", tone(), RATE)
    after_the_walk(monkeypatch, (folder / "rock/x.wav").unlink)
    assert row_of(folder, "x.wav", demo_params)["fault"] == "vanished during the listing"


def test_a_file_exchanged_for_a_pipe_is_no_hang(
    folder: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "rock/x.wav"
    soundfile.write(path, tone(), RATE)
    after_the_walk(monkeypatch, lambda: (path.unlink(), os.mkfifo(path)))
    assert row_of(folder, "x.wav", demo_params)["fault"] == "not a regular file: a pipe"


def test_a_file_exchanged_for_a_link_out(
    folder: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "rock/x.wav"
    soundfile.write(path, tone(), RATE)
    soundfile.write(folder.parent / "outside.wav", tone(), RATE)
    after_the_walk(monkeypatch, lambda: (path.unlink(), path.symlink_to(folder.parent / "outside.wav")))
    assert row_of(folder, "x.wav", demo_params)["fault"].startswith("link out of the corpus")


def test_a_file_that_is_still_being_written(
    folder: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "rock/x.wav"
    soundfile.write(path, tone(), RATE)
    size = path.stat().st_size
    sha256 = hashing.file

    def grow_then_hash(file: BufferedReader) -> str:
        if os.fstat(file.fileno()).st_size == size:
            with path.open("ab") as more:
                more.write(bytes(1000))
        return sha256(file)

    monkeypatch.setattr(hashing, "file", grow_then_hash)
    assert row_of(folder, "x.wav", demo_params)["fault"] == "changed during the listing"


# --- bytes changed at random


@pytest.mark.parametrize("container", ["WAV", "AU", "FLAC", "OGG", "MP3", "AIFF"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_header_ends_in_a_row(
    tmp_path: Path, demo_params: Params, container: str, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(HEALTHY[container])
    for place, value in changes:
        data[place] = value
    (tmp_path / "x.wav").write_bytes(data)
    row = discovery.inspect(
        corpus_store.Row("x", "rock", "x.wav"),
        folder=tmp_path,
        params=demo_params,
        measure=audio_files.measure,
    )
    assert bool(row.fault) == (row.segments == 0)
    assert row.samples <= 3600 * max(row.sample_rate, 1)
    assert "\n" not in row.fault


HEALTHY = {name: encoded(name) for name in ("WAV", "AU", "FLAC", "OGG", "MP3", "AIFF")}
