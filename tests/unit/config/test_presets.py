"""The shipped presets: valid, readable by DVC after DVC has written them, and laid around what a user has added."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import load_yaml, modify_yaml

from components.config import presets
from components.config.params import load, parse
from components.core.errors import ParamsError
from tests.conftest import PROJECT

#: A model and a feature that no preset ships.
OWN = """
features:
  fine_sequence:
    extractor: mfcc_sequence
    reads: data/corpus/audio.parquet
    unit: segment
models:
  attention:
    network: lstm
    feature: fine_sequence
    variant: mine
    variants:
      mine:
        fixed: {heads: 4, learning_rate: 0.01, batch_size: 32}   # as many as there are octaves
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A params.yaml of the demo with a model and a feature of its owner's."""
    document = yaml.safe_load(presets.compose("demo"))
    for kind, blocks in yaml.safe_load(OWN).items():
        document[kind] |= blocks
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", presets.names())
def test_it_is_valid_names_itself_and_is_the_same_after_dvc_has_written_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    presets.use(name, target=path)
    before = load(path)
    assert before.preset == name
    with modify_yaml(str(path)) as document:
        document["training"]["patience"] = before.training.patience
    assert load(path) == before
    assert load_yaml(str(path)) == yaml.safe_load(presets.compose(name))


@pytest.mark.parametrize("path", sorted(presets.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_value_is_quoted(path: Path) -> None:
    lines = [line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if '"' in line or "'" in line]


def test_the_repo_ships_with_the_demo() -> None:
    assert (PROJECT / "params.yaml").read_text(encoding="utf-8") == presets.compose("demo")


def test_an_unknown_preset_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'gtzam'.*demo.*gtzan"):
        presets.compose("gtzam")


def test_music_of_one_s_own_goes_without_the_preset_s_artists(tmp_path: Path) -> None:
    target = tmp_path / "params.yaml"
    presets.use("gtzan-mini", target=target, places={"audio": "/music/mine"})
    params = load(target)
    assert params.corpus.sources["audio"].path == "/music/mine"
    assert (params.corpus.published, params.split.protocol) == ({}, "artist")
    # Nothing is to be known of composed songs' artists.
    assert parse(presets.compose("demo")).split.protocol == "track"
    assert parse(presets.compose("demo")).composed_sources == ["audio"]
    # Songs that nothing reads are not composed.
    assert parse(presets.compose("demo", places={"audio": "/music/mine"})).synthetic == {}
    assert parse(presets.compose("demo", places={"audio": "data/raw/synthetic/"})).composed_sources == [
        "audio"
    ]
    named = {"labels": "manifest", "manifest": "labels.csv", "subset": None}
    written = presets.use("demo", target=target, places={"audio": "/mine"}, labels=named)
    assert written.corpus.sources["audio"].manifest == "labels.csv" and written.split.protocol == "artist"


@pytest.mark.parametrize("name", ["gtzan", "gtzan-mini", "gtzan-small"])
def test_gtzan_s_artists_are_kept_apart(name: str) -> None:
    params = parse(presets.compose(name))
    assert params.corpus.published == {"artists": "data/raw/gtzan-artists.txt"}
    assert params.split.protocol == "artist"


def test_artists_of_one_s_own_are_kept_apart(tmp_path: Path) -> None:
    target = tmp_path / "params.yaml"
    written = presets.use("demo", target=target, places={"audio": "/mine"}, artists="/mine/artists.csv")
    assert written.corpus.published == {"artists": "/mine/artists.csv"}
    assert written.split.protocol == "artist"


def test_every_feature_of_songs_and_clips_reads_both() -> None:
    params = parse(presets.compose("gtzan-small"))
    assert params.corpus.of_form("audio") == ["audio", "clips"]
    assert {block.reads for block in params.features.values() if block.upstream is None} == {"data/corpus"}


def test_places_are_one_path_or_paths_by_name(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert presets.places("gtzan-mini", ["/mine"]) == {"audio": "/mine"}
    assert presets.places("gtzan-mini", [str(tmp_path / "a=b")]) == {"audio": str(tmp_path / "a=b")}
    assert presets.places("gtzan-small", ["clips=/c", "audio=/a=b"]) == {"clips": "/c", "audio": "/a=b"}
    with pytest.raises(ParamsError, match="gtzan-small has no source 'clip'; valid: audio, clips"):
        presets.places("gtzan-small", ["clip=/c"])
    with pytest.raises(ParamsError, match="'audio' has two paths"):
        presets.places("gtzan-small", ["/a", "audio=/b"])


def test_use_keeps_what_a_user_has_added_and_replaces_what_is_shipped(target: Path) -> None:
    before = load(target)
    after = presets.use("gtzan", target=target)
    assert after.models["attention"] == before.models["attention"]
    assert after.features["fine_sequence"] == before.features["fine_sequence"]
    assert after.models["mlp"].variant == "best"


def test_use_keeps_the_comments_of_what_a_user_has_added(tmp_path: Path) -> None:
    target = tmp_path / "params.yaml"
    target.write_text(OWN, encoding="utf-8")
    presets.use("demo", target=target)
    assert "as many as there are octaves" in target.read_text(encoding="utf-8")


def test_use_refuses_a_preset_that_an_added_model_cannot_go_with(target: Path) -> None:
    target.write_text(
        target.read_text(encoding="utf-8").replace("feature: fine_sequence", "feature: mel_image")
    )
    before = target.read_text(encoding="utf-8")
    with pytest.raises(ParamsError, match=r"gtzan-table with .*models\.attention.*'mel_image'"):
        presets.use("gtzan-table", target=target)
    assert target.read_text(encoding="utf-8") == before


def test_use_does_not_overwrite_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    target = tmp_path / "params.yaml"
    target.write_text("models: [\n", encoding="utf-8")
    with pytest.raises(ParamsError, match="not YAML"):
        presets.use("demo", target=target)
    assert target.read_text(encoding="utf-8") == "models: [\n"


def test_the_study_s_best_sets_are_those_it_published() -> None:
    """Table of best hyperparameters in H. Wu, "Deep Learning Methods Explored for Music Genres Classification"."""
    models = parse(presets.compose("demo")).models
    published = {
        name: model.variants["study"].start for name, model in models.items() if "study" in model.variants
    }
    assert published["mlp"]["units_1"] == 448
    assert published["mlp"]["units_2"] == 672
    assert published["mlp"]["batch_size"] == 12
    assert published["vgg16"]["units_1"] == 3072
    assert published["yamnet"]["batch_size"] == 52
    assert published["lstm"]["units_1"] == 416
    assert published["yamnet_lstm"]["units_1"] == 480
    assert published["yamnet_lstm"]["dropout_rate1"] == 0.15


def test_the_demo_has_the_study_s_networks_and_the_best_and_music_takes_others_too() -> None:
    assert {
        variant for model in parse(presets.compose("demo")).models.values() for variant in model.variants
    } == {
        "study",
        "best",
    }
    assert "level_free" in parse(presets.compose("gtzan-mini")).models["mlp"].variants
