"""What others have published: read, taken over, and known to DVC by its contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.core.errors import LeakError, ParamsError
from components.corpus import published_metadata
from components.stages import published

TABLE = "## by ear\nblues.00000.wav ::: None ::: Blue\nblues.00001.wav ::: Ada ::: One\nrock.00000.wav :::  ::: ?\n"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A folder of split lists, a song of rock in each."""
    for number, name in enumerate(published_metadata.LISTS.values()):
        (tmp_path / name).write_text(f"rock/rock.{number:05d}.wav\n", encoding="utf-8")
    return tmp_path


def naming(params: Params, **paths: Path) -> Params:
    document = params.model_dump(mode="json")
    document["corpus"]["published"] = {name: str(path) for name, path in paths.items()}
    return Params.model_validate(document)


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


def test_what_is_taken_over_is_read_again(listed: Path, demo_params: Params) -> None:
    (listed / "artists.txt").write_text(TABLE, encoding="utf-8")
    params = naming(demo_params, artists=listed / "artists.txt", lists=listed)
    for name in ("artists", "lists"):
        assert published.run(name, params=params, root=listed) == published_metadata.read(name, root=listed)
    assert published_metadata.read("artists", root=listed) == {"blues.00000": "none", "blues.00001": "ada"}
    assert published_metadata.read("lists", root=listed)["rock.00001"] == "validation"


def test_what_params_do_not_name_is_refused(tmp_path: Path, demo_params: Params) -> None:
    with pytest.raises(ParamsError, match=r"corpus\.published has no 'lists'; valid: none"):
        published.run("lists", params=demo_params, root=tmp_path)
    with pytest.raises(ParamsError, match="dvc repro published@artists"):
        published_metadata.read("artists", root=tmp_path)


def test_the_published_lists_need_a_folder(demo_params: Params) -> None:
    document = demo_params.model_dump(mode="json")
    document["split"]["protocol"] = "fault_filtered"
    with pytest.raises(ValueError, match="lists with the folder"):
        Params.model_validate(document)
