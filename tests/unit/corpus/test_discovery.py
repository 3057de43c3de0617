"""Discovery: each file's track, and what must not be opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config.params import Params
from components.corpus import discovery, store
from components.corpus.discovery import track_id
from components.corpus.store import Row


@pytest.mark.parametrize(
    ("genre", "name", "expected"),
    [
        ("blues", "blues.00042", "blues.00042"),
        ("blues", "blues00042", "blues.00042"),
        ("class1", "class100042", "class1.00042"),
        ("blues", "jazz.00042", "blues/jazz.00042"),
        ("blues", "blues.00042.b", "blues/blues.00042.b"),
        ("blues", "a\nb", "blues/a\\nb"),
    ],
)
def test_the_id_of_a_track(genre: str, name: str, expected: str) -> None:
    assert track_id(genre, name) == expected


@given(st.text(st.characters(blacklist_characters="\0/"), min_size=1, max_size=60))
def test_an_id_can_always_be_printed_and_stored(name: str) -> None:
    name = name.encode("utf-8", "replace").decode()
    assert track_id("blues", name).isprintable()


def test_the_usable_file_of_a_track_stands_and_the_other_is_a_named_fault() -> None:
    rows = [
        Row("jazz.1", "jazz", "b.wav"),
        Row("jazz.1", "jazz", "a.wav", fault="silent"),
        Row("a", "jazz", "a"),
    ]
    first, second, third = discovery.unique(store.table(rows)).itertuples()
    assert (first.track, second.track, second.path, second.fault) == ("a", "jazz.1", "b.wav", "")
    assert (third.track, third.fault) == ("jazz.1 (a.wav)", "silent")


def test_what_is_second_has_no_content_of_its_own_and_a_name_of_its_own() -> None:
    measured = {"segments": 3, "sha256": "ab", "sound_sha256": "cd"}
    rows = [
        Row("jazz.1", "jazz", "a.mp3", **measured),
        Row("jazz.1", "jazz", "a.wav", **measured),
        Row("jazz.1 (a.wav)", "jazz", "c.wav", **measured),
    ]
    first, third, second = discovery.unique(store.table(rows)).itertuples()
    assert (first.track, first.segments, first.fault) == ("jazz.1", 3, "")
    assert (third.track, third.sha256) == ("jazz.1 (a.wav)", "ab")
    assert (second.track, second.fault) == ("jazz.1 (a.wav)'", "second file of the track in a.mp3")
    assert (second.segments, second.sha256, second.sound_sha256) == (0, "", "")


def test_a_file_is_hashed_whole_wherever_its_measuring_ended(tmp_path: Path, demo_params: Params) -> None:
    (tmp_path / "x").write_bytes(b"hello")
    seen = []

    def measure(row: Row, file: object, *, params: Params) -> Row:
        seen.append(file.read(3))  # type: ignore[attr-defined]
        return row

    row = discovery.inspect(Row("x", "jazz", "x"), folder=tmp_path, params=demo_params, measure=measure)
    assert (seen, row.bytes, row.fault) == ([b"hel"], 5, "")
    assert row.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_a_row_with_a_fault_is_not_opened(tmp_path: Path, demo_params: Params) -> None:
    row = Row("x", "jazz", "x", fault="link out of the corpus")
    assert discovery.inspect(row, folder=tmp_path, params=demo_params, measure=pytest.fail) == row


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "vanished"), (b"", "empty"), (bytes(11), "too large: 11")]
)
def test_what_cannot_be_measured_is_a_fault(
    tmp_path: Path, demo_params: Params, content: bytes | None, fault: str
) -> None:
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    params = demo_params.model_copy(
        update={"corpus": demo_params.corpus.model_copy(update={"max_bytes": 10})}
    )
    row = discovery.inspect(Row("x", "jazz", "x"), folder=tmp_path, params=params, measure=pytest.fail)
    assert row.fault.startswith(fault)
    assert row.sha256 == ""
