"""The stage ``published``."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.core.errors import ParamsError
from components.corpus import published_metadata
from components.stages import published

TABLE = "## by ear\nblues.00000.wav ::: NaN ::: Blue\nblues.00001.wav ::: Ada ::: One\nrock.00000.wav :::  ::: ?\n"


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


def test_what_is_taken_over_is_read_again(listed: Path, demo_params: Params) -> None:
    (listed / "artists.txt").write_text(TABLE, encoding="utf-8")
    params = naming(demo_params, artists=listed / "artists.txt", lists=listed)
    for name in ("artists", "lists"):
        assert published.run(name, params=params, root=listed) == published_metadata.read(name, root=listed)
    assert published_metadata.read("artists", root=listed) == {
        "blues.00000.wav": "nan",
        "blues.00001.wav": "ada",
    }
    assert published_metadata.read("lists", root=listed)["rock.00001"] == "validation"


def test_what_params_do_not_name_is_refused(tmp_path: Path, demo_params: Params) -> None:
    with pytest.raises(ParamsError, match=r"corpus\.published has no 'lists'; valid: none"):
        published.run("lists", params=demo_params, root=tmp_path)
    with pytest.raises(ParamsError, match="dvc repro published@artists"):
        published_metadata.read("artists", root=tmp_path)
