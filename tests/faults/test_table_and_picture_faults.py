"""Every unfriendly table or picture ends in right rows or a named reason."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus import discovery, image_files
from components.corpus import store as corpus_store
from components.corpus.feature_table import VALUES, rows
from components.stages import corpus
from tests.support.collections_on_disk import pointed_at, table_of

GOOD = {f"{genre}.{n:05d}": genre for genre in ("jazz", "rock") for n in range(3)}


# --- tables


@pytest.fixture
def table() -> pd.DataFrame:
    return table_of(GOOD)


def listed(path: Path, params: Params) -> pd.DataFrame:
    return corpus.run("table", params=pointed_at(params, table=path), root=path.parent / "data")


def written(table: pd.DataFrame, tmp_path: Path, **options: object) -> Path:
    table.to_csv(tmp_path / "table.csv", index=False, **options)  # type: ignore[call-overload]
    return tmp_path / "table.csv"


REWRITTEN: dict[str, Callable[[pd.DataFrame, Path], Path]] = {
    "columns reordered": lambda t, p: written(t[sorted(t.columns, reverse=True)], p),
    "columns shuffled with their values": lambda t, p: written(t.sample(frac=1, axis=1, random_state=0), p),
    "rows shuffled": lambda t, p: written(t.sample(frac=1, random_state=0), p),
    "extra columns": lambda t, p: written(t.assign(note='a, "b"', number=3), p),
    "byte-order mark": lambda t, p: written(t, p, encoding="utf-8-sig"),
    "carriage returns": lambda t, p: written(t, p, lineterminator="\r\n"),
    "everything quoted": lambda t, p: written(t, p, quoting=1),
    "spaces in the header": lambda t, p: written(t.rename(columns=lambda c: f" {c} "), p),
    "spaces around labels": lambda t, p: written(t.assign(label=" " + t["label"] + "  "), p),
}


@pytest.mark.parametrize("case", REWRITTEN)
def test_the_same_table_written_differently_gives_the_same_listing(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame, case: str
) -> None:
    plain = listed(written(table, tmp_path), demo_params)
    other = listed(REWRITTEN[case](table, tmp_path), demo_params)
    pd.testing.assert_frame_equal(plain, other)
    assert (other["fault"] == "").all()


def test_values_stay_with_their_names(tmp_path: Path, table: pd.DataFrame) -> None:
    read = rows(written(table.sample(frac=1, axis=1, random_state=1), tmp_path))
    np.testing.assert_array_equal(read[list(VALUES)].to_numpy(), table[list(VALUES)].to_numpy())
    assert read["segment"].tolist() == [0, 1, 2] * 6


REFUSED: dict[str, tuple[Callable[[pd.DataFrame, Path], Path], str]] = {
    "a column missing": (lambda t, p: written(t.drop(columns="tempo"), p), "lacks column tempo; valid"),
    "many columns missing": (
        lambda t, p: written(t.drop(columns=list(VALUES[:9])), p),
        "lacks column chroma_stft_mean, .* and 4 more",
    ),
    "no label": (lambda t, p: written(t.drop(columns="label"), p), "lacks column label"),
    "a column twice": (
        lambda t, p: written(pd.concat([t, t["tempo"]], axis=1), p),
        "has column tempo twice",
    ),
    "no rows": (lambda t, p: written(t.head(0), p), "holds no rows"),
    "no bytes": (lambda t, p: _bytes(p, b""), "no CSV that can be read"),
    "no text": (
        lambda t, p: _bytes(p, np.random.default_rng(0).bytes(4000)),
        "no CSV that can be read|lacks",
    ),
    "a workbook": (lambda t, p: _bytes(p, b"PK\3\4" + bytes(500)), "no CSV that can be read|lacks"),
    "sixteen-bit text": (lambda t, p: written(t, p, encoding="utf-16"), "no CSV that can be read"),
    "semicolons": (lambda t, p: written(t, p, sep=";"), "no CSV that can be read|lacks column filename"),
    "rows of uneven length": (
        lambda t, p: _bytes(p, written(t, p).read_bytes() + b"a,b" + b",1" * 90 + b"\n"),
        "no CSV that can be read: .*Expected 60 fields",
    ),
    "missing": (lambda t, p: p / "nowhere.csv", "does not exist; valid: a CSV"),
    "a folder": (lambda t, p: p, "is not a file; valid: a CSV"),
    "a pipe": (lambda t, p: _pipe(p), "is not a file; valid: a CSV"),
    "one label only": (lambda t, p: written(t[t["label"] == "jazz"], p), "one genre only: 'jazz'"),
    "labels of mixed type": (
        lambda t, p: written(t.assign(label=[7, *t["label"][1:]]), p),
        r"genre '7' keeps 0 usable of 1 tracks \(1 labels disagree\)",
    ),
    "a hundred and one labels": (
        lambda t, p: written(table_of({f"x{n}": f"label {n}" for n in range(101)}, pieces=1), p),
        "has 101 labels; valid: 2 to 100",
    ),
}


def _bytes(folder: Path, content: bytes) -> Path:
    (folder / "table.csv").write_bytes(content)
    return folder / "table.csv"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_used_is_refused_whole(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame, case: str
) -> None:
    make, message = REFUSED[case]
    path = make(table, tmp_path)
    with pytest.raises(CorpusError, match=message) as caught:
        corpus.run("table", params=pointed_at(demo_params, table=path), root=tmp_path / "data")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "data").exists()


def changed(table: pd.DataFrame, column: str, value: object, *, row: int = 4) -> pd.DataFrame:
    """The table with one cell changed: row 4 is the second piece of jazz.00001."""
    table = table.astype(object)
    table.loc[row, column] = value
    return table


ONE_TRACK_OUT: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "infinity": (lambda t: changed(t, "tempo", "inf"), "not finite: tempo"),
    "minus infinity": (lambda t: changed(t, "mfcc3_var", "-Infinity"), "not finite: mfcc3_var"),
    "not a number": (lambda t: changed(t, "rms_mean", "nan"), "not finite: rms_mean"),
    "an empty cell": (lambda t: changed(t, "rms_mean", ""), "not finite: rms_mean"),
    "a word": (lambda t: changed(t, "rms_mean", "loud"), "not finite: rms_mean"),
    "a decimal comma": (lambda t: changed(t, "rms_mean", "0,13"), "not finite: rms_mean"),
    "beyond float64": (lambda t: changed(t, "rms_mean", "1e999"), "not finite: rms_mean"),
    "a length that is no number": (lambda t: changed(t, "length", "long"), "length is not a number"),
    "a negative length": (lambda t: changed(t, "length", -5), "length is not a number"),
    "a row twice": (lambda t: pd.concat([t, t.iloc[[4]]]), "file name repeated"),
    "a file name twice": (lambda t: changed(t, "filename", "jazz.00001.0.wav"), "file name repeated"),
}


@pytest.mark.parametrize("case", ONE_TRACK_OUT)
def test_a_faulty_row_leaves_its_track_out(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame, case: str
) -> None:
    change, reason = ONE_TRACK_OUT[case]
    listing = listed(written(change(table), tmp_path), demo_params).set_index("track")
    assert listing.loc["jazz.00001", "fault"].startswith(reason)
    assert listing.loc["jazz.00001", "segments"] == 0
    assert (listing["fault"] == "").sum() == 5
    assert listing.drop("jazz.00001")["segments"].eq(3).all()


def test_one_file_under_two_labels_is_left_out_under_both(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame
) -> None:
    doubled = table.iloc[[4]].assign(label="rock")
    listing = listed(written(pd.concat([table, doubled]), tmp_path), demo_params).set_index("track")
    assert listing.loc["jazz.00001", "fault"].startswith("labels disagree")
    assert listing.loc["rock/jazz.00001", "fault"].startswith("labels disagree")


def test_a_row_without_a_label_is_no_genre_of_its_own(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame
) -> None:
    unlabelled = table.iloc[[4]].assign(label="  ", filename="mystery.0.wav")
    listing = listed(written(pd.concat([table, unlabelled]), tmp_path), demo_params)
    assert listing.loc[listing["genre"] == "", "fault"].tolist() == ["no label"]
    assert sorted(corpus_store.usable(listing)["genre"].unique()) == ["jazz", "rock"]


def test_a_hundred_thousand_columns_wide_field_is_kept_as_text(
    tmp_path: Path, demo_params: Params, table: pd.DataFrame
) -> None:
    listing = listed(written(changed(table, "rms_mean", "9" * 100_000), tmp_path), demo_params)
    assert listing.set_index("track").loc["jazz.00001", "fault"] == "not finite: rms_mean"


# --- pictures


NOISE = np.random.default_rng(0).integers(0, 256, (288, 432, 3), dtype=np.uint8)


def picture(mode: str = "RGB", *, size: tuple[int, int] = (432, 288)) -> Image.Image:
    return Image.fromarray(NOISE).resize(size).convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*, width: int = 432, height: int = 288, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    """A PNG whose header holds what is given."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def saved(image: Image.Image, **options: object) -> Callable[[Path], object]:
    return lambda path: image.save(path, **{"format": "PNG", **options})  # type: ignore[arg-type]


def content(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def halved(path: Path) -> None:
    picture().save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def with_wrong_checksum(path: Path) -> None:
    picture().save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for genre in ("jazz", "rock"):
        (tmp_path / "pictures" / genre).mkdir(parents=True)
        for number in range(2):
            shifted = Image.fromarray(np.roll(NOISE, 10 * number + len(genre), axis=0))
            shifted.save(tmp_path / "pictures" / genre / f"{genre}{number:05d}.png")
    return tmp_path / "pictures"


def row_of(folder: Path, name: str, params: Params) -> pd.Series:
    rows = corpus.run("pictures", params=pointed_at(params, pictures=folder), root=folder.parent / "data")
    assert (rows["fault"] == "").sum() >= 4, "the four good pictures stay usable"
    return rows[rows["path"] == f"rock/{name}"].iloc[0]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_eight_bit_pictures_of_the_right_size_are_used(folder: Path, demo_params: Params, mode: str) -> None:
    picture(mode).save(folder / "rock/x.png")
    row = row_of(folder, "x.png", demo_params)
    assert (row["fault"], len(row["sha256"])) == ("", 64)


LEFT_OUT = {
    "wrong size": (saved(picture(size=(150, 150))), "picture is 150 x 150 pixels; valid: 432 x 288"),
    "on its side": (saved(picture(size=(288, 432))), "picture is 288 x 432 pixels"),
    "one pixel short": (saved(picture(size=(431, 288))), "picture is 431 x 288 pixels"),
    "sixteen-bit grey": (
        saved(Image.fromarray(NOISE[..., 0].astype(np.uint16) * 257)),
        "picture's pixels are I;16; valid: 8 bits a channel",
    ),
    "black and white": (saved(picture("1")), "picture's pixels are 1; valid"),
    "one colour": (saved(Image.new("RGB", (432, 288), "purple")), "blank"),
    "wholly transparent white": (saved(Image.new("RGBA", (432, 288), (255, 255, 255, 0))), "blank"),
    "truncated": (halved, "damaged"),
    "wrong checksum": (with_wrong_checksum, "damaged"),
    "header only": (content(png()[:33]), "damaged|no PNG header"),
    "too few pixels in it": (content(png(data=bytes(1000))), "damaged"),
    "pixels that do not unpack": (
        content(png().replace(zlib.compress(b""), b"\0" * len(zlib.compress(b"")))),
        "damaged",
    ),
    "bomb by its header": (content(png(width=2**31 - 1, height=2**31 - 1)), "picture too large"),
    "bomb of 100 megapixels": (
        content(png(width=10_000, height=10_000)),
        "picture is 10000 x 10000|too large",
    ),
    "bomb that unpacks to 200 megabytes": (content(png(data=bytes(200_000_000))), "blank"),
    "no pixels": (content(png(width=0, height=0)), "no PNG header|0 x 0"),
    "jpeg named png": (saved(picture(), format="JPEG"), "no PNG header"),
    "gif named png": (saved(picture("P"), format="GIF"), "no PNG header"),
    "text": (content(b"not a picture"), "no PNG header"),
    "zero bytes": (content(b""), "empty: 0 bytes"),
    "five gigabytes": (
        lambda path: (path.write_bytes(png()), os.truncate(path, 5 * 2**30)),
        "too large: 5368709120",
    ),
    "a folder": (Path.mkdir, "not a regular file: a folder"),
    "a pipe": (os.mkfifo, "not a regular file: a pipe"),
    "link out": (lambda path: path.symlink_to("/etc/hostname"), "link out of the corpus"),
    "link to itself": (lambda path: path.symlink_to(path.name), "link that leads in a circle"),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_picture_left_out_with_its_reason(
    folder: Path, demo_params: Params, case: str, recwarn: pytest.WarningsRecorder
) -> None:
    make, reason = LEFT_OUT[case]
    make(folder / "rock/x.png")
    row = row_of(folder, "x.png", demo_params)
    assert any(part in row["fault"] for part in reason.split("|")), row["fault"]
    assert row["sha256"] == ""


HEALTHY = png(data=b"".join(b"\0" + row.tobytes() for row in NOISE))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_png_header_ends_in_a_row(
    tmp_path: Path, demo_params: Params, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(HEALTHY)
    for place, value in changes:
        data[place] = value
    (tmp_path / "x.png").write_bytes(data)
    row = discovery.inspect(
        corpus_store.Row("x", "rock", "x.png"),
        folder=tmp_path,
        params=demo_params,
        measure=image_files.measure,
    )
    assert (row.fault == "") == (len(row.sha256) == 64)
