"""The graph as components: what each reads, pulls and carries, without kfp."""

from __future__ import annotations

import json
from collections.abc import Callable
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
@pytest.mark.parametrize("check", [kubeflow.remote_address, kubeflow.mlflow_address])
def test_an_address_with_credentials_is_refused_without_them(text: str, check: Callable[[str], str]) -> None:
    with pytest.raises(ParamsError) as caught:
        check(text)
    assert "secret@" not in str(caught.value) and "person" not in str(caught.value)


@pytest.mark.parametrize("text", ["s3://music/dvc", "gs://music", "/mnt/dvc", "https://host/dvc"])
def test_a_remote_that_components_reach(text: str) -> None:
    assert kubeflow.remote_address(text) == text


@pytest.mark.parametrize(
    "text", ["ftp://x", "music", "s3://", "s3:music", "../dvc", "memory://x", "s3://a b"]
)
def test_a_remote_that_dvc_does_not_know_is_refused_with_what_is_valid(text: str) -> None:
    with pytest.raises(
        ParamsError, match=rf"--dvc-remote is {text!r}; valid: such as s3://BUCKET/FOLDER .*\bs3\b"
    ):
        kubeflow.remote_address(text)


@pytest.mark.parametrize(
    "text", ["http://mlflow:5000", "https://mlflow.lan", "postgresql+psycopg://db/mlflow"]
)
def test_an_mlflow_that_components_reach(text: str) -> None:
    assert kubeflow.mlflow_address(text) == text


@pytest.mark.parametrize("text", ["foo", "mlflow:5000", "http://", "sqlite:////data/mlflow.db", "ftp://host"])
def test_an_mlflow_that_components_do_not_reach_is_refused(text: str) -> None:
    with pytest.raises(ParamsError, match=rf"--mlflow is {text!r}; valid: such as http://mlflow:5000"):
        kubeflow.mlflow_address(text)


def test_nothing_given_is_named() -> None:
    for text in ("", None):
        with pytest.raises(ParamsError, match="--dvc-remote is not given"):
            kubeflow.remote_address(text)


@pytest.mark.parametrize(
    "image",
    ["genre", "localhost/genre-workflow", "registry.lan:5000/music/genre_workflow:v1.2",
     f"ghcr.io/a/b@sha256:{'0' * 64}"],
)  # fmt: skip
def test_names_that_are_taken(image: str) -> None:
    kubeflow.check_names(image=image, secret="genre.keys-2")


@pytest.mark.parametrize(
    "image", ["", "a b", "Genre", "host/", "genre:", "http://host/genre", "genre@sha256:0"]
)
def test_an_image_that_is_none_is_named(image: str) -> None:
    with pytest.raises(ParamsError, match=rf"--image is {image!r}; valid: "):
        kubeflow.check_names(image=image, secret="genre")


@pytest.mark.parametrize("secret", ["", "My Secret", "-a", "a_b", "a" * 254])
def test_a_secret_that_is_none_is_named(secret: str) -> None:
    with pytest.raises(ParamsError, match=rf"--secret is {secret!r}; valid: "):
        kubeflow.check_names(image="genre", secret=secret)


def test_the_params_are_carried_exactly_on_one_line(graph: Graph) -> None:
    text = "rate: 1e-4\ntime: '1:17:2'\n"
    found = kubeflow.description(
        kubeflow.components(graph, tracked={}), params=text, image="i", remote="r", mlflow="m", secret="s"
    )
    carried = json.loads(json.dumps(found))["inputs"]["params"]
    assert "\n" not in carried and json.loads(carried) == text


def test_kfp_is_looked_for_in_the_project_and_beside_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, installed = tmp_path / "project", tmp_path / "installed"
    monkeypatch.setattr(kubeflow, "PROJECT", installed)
    monkeypatch.setattr(kubeflow, "find_spec", lambda _: None)
    with pytest.raises(kubeflow.ExportError, match="make kubeflow") as missing:
        kubeflow.write({}, out=tmp_path / "pipeline.yaml", root=project)
    assert not (tmp_path / "pipeline.yaml").exists()
    for place in (installed, project):
        assert str(place / ".venv-kubeflow") in str(missing.value)
        python = place / kubeflow.KFP_PYTHON
        python.parent.mkdir(parents=True)
        python.touch()
        assert kubeflow.python(project) == python


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"\.yaml"):
        kubeflow.write({}, out=tmp_path / "pipeline.txt", root=tmp_path)
