"""The graph as components: what each reads, pulls and carries, without kfp."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from components.config.params import Params, parse
from components.core.errors import ParamsError
from flows.export import kubeflow
from flows.pipeline.graph import Graph

UPSTREAM = {
    "synthesise@made": (),
    "corpus@audio": ("synthesise@made",),
    "split": ("corpus@audio",),
    "features@f": ("corpus@audio",),
    "train@a": ("split", "features@f"),
    "ensemble": ("train@a", "split"),
    "compare": ("ensemble", "train@a"),
}


@pytest.fixture
def graph() -> Graph:
    return Graph(order=tuple(UPSTREAM), upstream=UPSTREAM, changed={})


@pytest.fixture
def songs(demo_text: str) -> Params:
    """Params of a folder of songs that no stage makes."""
    document = yaml.safe_load(demo_text)
    document["synthetic"] = {}
    document["corpus"]["sources"] = {"audio": {"path": "data/raw/songs"}}
    return parse(yaml.safe_dump(document))


def test_a_stage_is_a_component_that_depends_on_the_stages_it_reads_from(graph: Graph) -> None:
    found = kubeflow.components(graph, tracked={})
    assert {one.stage: one.reads for one in found} == UPSTREAM
    assert [one.stage for one in found] == list(UPSTREAM)


def test_it_pulls_what_the_stages_directly_above_have_made(graph: Graph) -> None:
    pulls = {one.stage: one.pulls for one in kubeflow.components(graph, tracked={})}
    assert pulls["synthesise@made"] == ()
    assert pulls["split"] == ("corpus@audio",)
    assert set(pulls["compare"]) == {"ensemble", "train@a"}


def test_extraction_pulls_the_audio_and_an_ensemble_its_members_features(graph: Graph) -> None:
    pulls = {one.stage: one.pulls for one in kubeflow.components(graph, tracked={})}
    assert set(pulls["features@f"]) == {"synthesise@made", "corpus@audio"}
    assert set(pulls["ensemble"]) == {"corpus@audio", "split", "features@f", "train@a"}


def test_tracked_music_goes_to_the_stages_that_read_it_alone(graph: Graph) -> None:
    found = kubeflow.components(graph, tracked={"songs.dvc": "outs: []"})
    assert [one.stage for one in found if "songs.dvc" in one.pulls] == ["corpus@audio", "features@f"]
    assert all(bool(one.tracked) == ("songs.dvc" in one.pulls) for one in found)


def test_the_synthetic_corpus_is_made_and_needs_no_tracking(demo_params: Params, tmp_path: Path) -> None:
    assert kubeflow.tracked(demo_params, root=tmp_path) == {}


def test_tracked_music_is_carried_by_its_file(songs: Params, tmp_path: Path) -> None:
    file = tmp_path / "data/raw/songs.dvc"
    file.parent.mkdir(parents=True)
    file.write_text("outs: []")
    assert kubeflow.tracked(songs, root=tmp_path) == {"data/raw/songs.dvc": "outs: []"}


def test_music_that_no_component_would_find_is_named(songs: Params, tmp_path: Path) -> None:
    with pytest.raises(kubeflow.ExportError, match="data/raw/songs"):
        kubeflow.tracked(songs, root=tmp_path)


@pytest.mark.parametrize("text", ["s3://key:secret@music/dvc", "https://person@host/dvc"])
def test_an_address_with_credentials_is_refused_without_them(text: str) -> None:
    with pytest.raises(ParamsError) as caught:
        kubeflow.address(text, option="--dvc-remote", valid="")
    assert "secret@" not in str(caught.value) and "person" not in str(caught.value)


def test_the_params_are_carried_exactly_on_one_line(graph: Graph) -> None:
    text = "rate: 1e-4\ntime: '1:17:2'\n"
    found = kubeflow.description(
        kubeflow.components(graph, tracked={}), params=text, image="i", remote="r", mlflow="m", secret="s"
    )
    carried = json.loads(json.dumps(found))["inputs"]["params"]
    assert "\n" not in carried and json.loads(carried) == text


def test_a_missing_kfp_is_named_with_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeflow, "KFP_PYTHON", tmp_path / "none" / "bin" / "python")
    monkeypatch.setattr(kubeflow, "find_spec", lambda _: None)
    with pytest.raises(kubeflow.ExportError, match="make kubeflow"):
        kubeflow.write({}, out=tmp_path / "pipeline.yaml")
    assert not (tmp_path / "pipeline.yaml").exists()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"\.yaml"):
        kubeflow.write({}, out=tmp_path / "pipeline.txt")
