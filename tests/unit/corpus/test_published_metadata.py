"""What others have published: read, taken over, and known to DVC by its contents."""

from __future__ import annotations

from pathlib import Path

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


def test_the_published_lists_need_a_folder(demo_params: Params) -> None:
    document = demo_params.model_dump(mode="json")
    document["split"]["protocol"] = "fault_filtered"
    with pytest.raises(ValueError, match="lists with the folder"):
        Params.model_validate(document)
