"""What others have published: read, taken over, and known to DVC by its contents."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import LeakError, ParamsError
from components.corpus import published_metadata


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A folder of split lists, a song of rock in each."""
    for number, name in enumerate(published_metadata.LISTS.values()):
        (tmp_path / name).write_text(f"rock/rock.{number:05d}.wav\n", encoding="utf-8")
    return tmp_path


def test_a_track_in_two_lists_is_a_leak(listed: Path) -> None:
    (listed / published_metadata.LISTS["test"]).write_text("rock/rock.00000.wav\n", encoding="utf-8")
    with pytest.raises(LeakError, match=r"rock\.00000"):
        published_metadata.read_lists(listed)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"train_filtered\.txt"):
        published_metadata.read_lists(tmp_path)


def test_a_table_without_an_artist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "artists.txt").write_text("rock.00000.wav, Ada\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="names no artist"):
        published_metadata.read_artists(tmp_path / "artists.txt")


def test_a_quote_without_an_end_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "artists.csv").write_text(
        '## mine\npath,artist\na.mp3,"Heroes\nb.mp3,Ada\n', encoding="utf-8"
    )
    with pytest.raises(ParamsError, match="line 3: "):
        published_metadata.read_artists(tmp_path / "artists.csv")


def test_irregular_rows_of_an_artist_table(tmp_path: Path) -> None:
    rows = (
        "## by ear",
        "classical.00000.wav ::: JS Bach ::: Air",
        "classical.00004.wav ::: JS Bach :::",
        "blues.00004.wav John Lee Hooker",
        "my songs/01 Opening.mp3 The Doors",
        "disco.00018.wav ::: :::",
        "country.00002.wav ::: ::: I Wish I Had A Nickel",
        "country.00003.wav ::: Various Artists ::: Medley",
        "",
    )
    (tmp_path / "artists.txt").write_text("\n".join(rows), encoding="utf-8")
    assert published_metadata.read_artists(tmp_path / "artists.txt") == {
        "classical.00000.wav": "js bach",
        "classical.00004.wav": "js bach",
        "blues.00004.wav": "john lee hooker",
        "my songs/01 Opening.mp3": "doors",
    }


@pytest.mark.parametrize("separator", list(",;\t"))
def test_a_csv_of_paths_and_artists(tmp_path: Path, separator: str) -> None:
    rows = (
        ("\ufeffPath", "title", "Artist", "album"),
        ("jazz/a.mp3", '"One, two"', '"Earth, Wind & Fire"', "All"),
        ("jazz/b.mp3", "Two", "", "Hits of 1999"),
        ("jazz/c.mp3", "Three", "", ""),
        ("jazz/d.mp3", "Four", "Various Artists", "Now 42"),
        ("jazz/e.mp3", "Five", "V.A.", "Unknown Album"),
    )
    (tmp_path / "artists.csv").write_text("\n".join(map(separator.join, rows)), encoding="utf-8")
    assert published_metadata.read_artists(tmp_path / "artists.csv") == {
        "jazz/a.mp3": "earth wind and fire",
        "jazz/b.mp3": "album hits of 1999",
        "jazz/d.mp3": "album now 42",
    }


def test_a_csv_with_all_of_its_cells_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "artists.csv").write_text('"";"track";"artist"\n"1";"jazz.1";"Davis; Coltrane"\n')
    assert published_metadata.read_artists(tmp_path / "artists.csv") == {"jazz.1": "davis coltrane"}


TRACKS = pd.DataFrame(
    {
        "track": ["blues.00000", "jazz/x/01 Opening", "jazz/y/01 Opening", "jazz/y/02 Aria"],
        "path": [
            "blues/blues.00000.flac",
            "jazz/x/01 Opening.mp3",
            "jazz/y/01 Opening.mp3",
            "jazz/y/02 Aria.mp3",
        ],
    }
)


@pytest.mark.parametrize(
    ("called", "track"),
    [
        ("blues.00000", "blues.00000"),
        ("blues.00000.wav", "blues.00000"),
        ("genres/blues/blues.00000.au", "blues.00000"),
        ("jazz/x/01 Opening.mp3", "jazz/x/01 Opening"),
        ("./jazz/x/01 Opening", "jazz/x/01 Opening"),
        ("/home/ada/music/jazz/y/01 Opening.mp3", "jazz/y/01 Opening"),
        ("jazz\\y\\02 Aria.mp3", "jazz/y/02 Aria"),
        ("02 Aria.flac", "jazz/y/02 Aria"),
    ],
)
def test_a_track_is_found_by_id_path_or_file_name(called: str, track: str) -> None:
    assert published_metadata.match({called: "ada"}, TRACKS, key="artists") == {track: "ada"}


def test_what_is_not_certain_is_not_matched() -> None:
    known = {"01 Opening.mp3": "ada", "02 Aria.mp3": "bo", "other/02 Aria.mp3": "cy", "blues.00000": "di"}
    assert published_metadata.match(known, TRACKS, key="artists") == {"blues.00000": "di"}


def test_a_table_that_matches_nothing_names_a_row_and_a_track() -> None:
    with pytest.raises(
        ParamsError, match=r"artists matches no track: it names 'rock/z\.wav'.*'blues\.00000'"
    ):
        published_metadata.match({"rock/z.wav": "ada"}, TRACKS, key="artists")


@pytest.mark.real
def test_every_row_of_sturm_s_table_is_read(test_data: Path) -> None:
    artists = published_metadata.read_artists(test_data / "gtzan/artists.txt")
    lines = (test_data / "gtzan/artists.txt").read_text(encoding="utf-8").splitlines()
    unknown = [line for line in lines if re.match(r"[a-z]+\.\d{5}\.wav ::: :::", line)]
    assert len(artists) + len(unknown) == 1000
    assert {artists[f"classical.{number:05d}.wav"] for number in range(11)} == {"js bach"}


def test_the_published_lists_need_a_folder(demo_params: Params) -> None:
    document = demo_params.model_dump(mode="json")
    document["split"]["protocol"] = "fault_filtered"
    with pytest.raises(ValueError, match="lists with the folder"):
        Params.model_validate(document)
