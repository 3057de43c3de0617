"""What is published about a collection is known to DVC by its contents."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from components.config.params import Params
from components.stages import published
from tests.conftest import PROJECT

TABLE = "## by ear\nblues.00000.wav ::: None ::: Blue\nblues.00001.wav ::: Ada ::: One\nrock.00000.wav :::  ::: ?\n"


def naming(params: Params, **paths: Path) -> Params:
    document = params.model_dump(mode="json")
    document["corpus"]["published"] = {name: str(path) for name, path in paths.items()}
    return Params.model_validate(document)


def test_another_artist_in_the_table_makes_the_split_stale(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "artists.txt").write_text(TABLE, encoding="utf-8")
    shutil.copy(PROJECT / "dvc.yaml", tmp_path)
    params = naming(demo_params, artists=Path("artists.txt"))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")), encoding="utf-8")
    (tmp_path / "components").symlink_to(PROJECT / "components")
    published.run(
        "artists", params=naming(demo_params, artists=tmp_path / "artists.txt"), root=tmp_path / "data"
    )
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        repo.commit("published@artists", force=True)
        assert repo.status(["published@artists"]) == {}
        (tmp_path / "artists.txt").write_text(TABLE + "rock.00001.wav ::: Ada ::: Two\n", encoding="utf-8")
        assert repo.status(["published@artists"]) == {
            "published@artists": [{"changed deps": {"artists.txt": "modified"}}]
        }
        above = repo.index.graph.successors(repo.stage.load_one(name="split"))
        assert "published@artists" in {stage.name for stage in above}
