"""What can be checked of ``params.yaml`` before the first stage runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.config.params import FeatureParams, Params
from components.core.errors import CorpusError, GenreError, ParamsError
from components.corpus import locations
from components.stages import preflight
from tests.support.collections_on_disk import pointed_at


def changed(params: Params, **blocks: Any) -> Params:
    return params.model_copy(update=blocks)


def test_the_shipped_params_are_right(demo_params: Params, tmp_path: Path) -> None:
    preflight.check_all(demo_params, root=tmp_path / "data")
    assert (tmp_path / "data").is_dir()


def test_a_preset_that_is_not_shipped_is_named_with_the_valid_ones(
    demo_params: Params, tmp_path: Path
) -> None:
    with pytest.raises(ParamsError, match=r"'dmo'.*demo, gtzan"):
        preflight.check_all(changed(demo_params, preset="dmo"), root=tmp_path)


def test_an_encoder_without_a_file_is_named_with_the_valid_ones(demo_params: Params, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"pretrained\.openl3.*vgg16, vggish, yamnet"):
        preflight.check_all(changed(demo_params, pretrained={"openl3": "music"}), root=tmp_path)


def test_an_extractor_without_a_file_is_named_with_the_valid_ones(
    demo_params: Params, tmp_path: Path
) -> None:
    block = FeatureParams(extractor="mfcc", reads="data/corpus/audio.parquet", unit="segment")
    with pytest.raises(ParamsError, match=r"'mfcc'.*mel_image"):
        preflight.check_all(changed(demo_params, features={"few": block}), root=tmp_path)


def test_a_corpus_that_is_not_there_is_named(
    demo_params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"corpus\.sources\.audio\.path"):
        preflight.check_all(changed(demo_params, synthetic={}), root=tmp_path)


def test_a_data_folder_that_is_a_file_is_named(demo_params: Params, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(GenreError, match=r"data cannot be made \(File exists\); valid: a writable folder"):
        preflight.check_all(demo_params, root=tmp_path / "data")


def test_music_to_evaluate_on_that_is_not_there_is_named(demo_params: Params, tmp_path: Path) -> None:
    elsewhere = demo_params.promotion.model_copy(update={"evaluate_on": str(tmp_path / "gone")})
    with pytest.raises(ParamsError, match=r"promotion\.evaluate_on .*gone' does not exist; valid"):
        preflight.check_all(changed(demo_params, promotion=elsewhere), root=tmp_path)


@pytest.mark.parametrize(
    ("form", "place", "valid"),
    [
        ("audio", "ftp://host/music", "s3://BUCKET/FOLDER"),
        ("table", "s3://genre/table.csv", "on this machine"),
    ],
)
def test_a_url_that_cannot_be_read_names_what_can(
    form: str, place: str, valid: str, demo_params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "require_reachable", locations.check)
    params = pointed_at(demo_params, **{"audio": "data/raw/synthetic", form: place})
    with pytest.raises(CorpusError, match=rf"corpus\.sources\.{form}\.path is '{place}'; valid.*{valid}"):
        preflight.check_all(params, root=tmp_path / "data")
