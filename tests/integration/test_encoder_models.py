"""The models on musicnn, on two encoders side by side and on VGGish: real songs, from files to another process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config import presets
from components.features.encoders import musicnn
from tests.integration.test_toy_encoder import SERVE, run

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (musicnn.locate("package") / "msd.index").is_file(), reason="`make install` unpacks musicnn"
    ),
]
#: In the project: everything that a run does to each model, and what its record says of its encoders.
RUN = """
import json
from components.config import params
from components.serving import packaging
from components.stages import corpus, features, preflight, split, train, tune, validate
from components.results.record import TrainingRecord
from pathlib import Path
import mlflow

chosen, found = params.load(), {}
preflight.check_all(chosen)
corpus.run("audio", params=chosen)
split.run(params=chosen)
for name in chosen.features:
    features.run(name, params=chosen, processes=1)
    validate.run(name, params=chosen)
for name in chosen.models:
    tune.run(name, params=chosen)
    train.run(name, params=chosen)
    run_id = packaging.ensure_logged(name)
    record = TrainingRecord.read(Path("data/models") / name)
    found[name] = {
        "place": mlflow.artifacts.download_artifacts(f"runs:/{run_id}/{name}"),
        "trained": {encoder.encoder: encoder.trained for encoder in record.feature.pretrained},
        "marks": record.marks,
        "tag": mlflow.MlflowClient().get_run(run_id).data.tags["encoder_untrained"],
    }
print(json.dumps(found))
"""


def document(folder: Path) -> dict[str, Any]:
    """Params of the three models on the songs in ``folder``; VGGish's weights are on no machine of these tests."""
    made = yaml.safe_load(presets.compose("gtzan"))
    made["corpus"] |= {"sources": {"audio": {"path": str(folder)}}, "minimum_tracks": 5, "published": {}}
    made["segments"] |= {"seconds": 3.0, "per_track": 2}
    made["split"] |= {"protocol": "track"}
    made["allow_untrained_encoders"] = True
    made["features"] = {name: made["features"][name] for name in ("musicnn_embedding", "encoders_embedding")}
    made["features"]["vggish_embedding"] = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    small = {"max_trials": 0, "executions_per_trial": 1, "epochs": 2, "patience": 2, "tuner": "random"}
    vggish = made["models"]["yamnet"] | {"feature": "vggish_embedding", "variant": "best"}
    vggish["variants"] = {"best": vggish["variants"]["best"] | {"tuning": small}}
    vggish["variants"]["best"]["fixed"]["compress"] = False
    made["models"] = {name: made["models"][name] for name in ("musicnn", "encoders")} | {"vggish": vggish}
    made["pretrained"]["vggish"] = "untrained"
    return made


def test_each_model_goes_from_songs_to_a_prediction_in_another_process(
    test_data: Path, tmp_path: Path
) -> None:
    for genre in ("classical", "disco", "jazz", "metal"):
        (tmp_path / "audio" / genre).mkdir(parents=True)
        for file in sorted((test_data / "gtzan-mini" / "genres_original" / genre).iterdir())[:6]:
            shutil.copy(file, tmp_path / "audio" / genre)
    project = tmp_path / "project"
    project.mkdir()
    (project / "params.yaml").write_text(yaml.safe_dump(document(tmp_path / "audio")))
    hub = str(test_data / "weights" / "tfhub")
    found = json.loads(run(RUN, folder=project, TFHUB_CACHE_DIR=hub))
    assert found["musicnn"]["trained"] == {"musicnn": True}
    assert found["encoders"]["trained"] == {"yamnet": True, "musicnn": True}
    assert found["vggish"]["trained"] == {"vggish": False}
    assert (found["vggish"]["marks"], found["vggish"]["tag"]) == (
        ["untrained encoder", "artists unknown"],
        "true",
    )
    song = sorted((test_data / "gtzan-mini" / "genres_original" / "metal").iterdir())[8]
    for name, one in found.items():
        # Neither the project's weights nor the hub's cache are there: all that it needs travels with the model.
        served = run(SERVE, one["place"], str(song), folder=tmp_path, TFHUB_CACHE_DIR=str(tmp_path / "none"))
        (predicted,) = json.loads(served)
        assert sum(
            predicted[f"probability.{genre}"] for genre in ("classical", "disco", "jazz", "metal")
        ) == (pytest.approx(1.0, abs=1e-4))
        if name != "vggish":
            assert predicted["genre"] == "metal"
