"""A logged model needs nothing but itself: a fresh process with its own code, a new environment, no pickle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from components import models, tracking
from components.config import params, presets
from components.config.params import Params
from components.corpus import audio
from components.features import load, options
from components.features.pipeline import compute
from components.features.pipeline import store as feature_store
from components.features.pipeline.record import FeatureRecord
from components.results.record import TrainingRecord
from components.serving import packaging
from components.serving.packaging import example_song
from tests.support.records import training_record

GENRES = ["blues", "jazz", "rock"]
#: Models by the environment that they are loaded in: those on YAMNet need TensorFlow Hub besides.
ENVIRONMENTS = {"plain": ["mlp", "lstm", "cnn_1d", "vgg16", "musicnn"], "hub": ["yamnet", "yamnet_lstm"]}
#: Run with a model's folder by a Python that may have never seen this project.
ELSEWHERE = """
import json, sys
from pathlib import Path
import mlflow, pandas as pd
from mlflow.models import Model, infer_signature, validate_serving_input

found = {}
for place in json.loads(sys.argv[1]):
    model = mlflow.pyfunc.load_model(place)
    prediction = model.predict(pd.DataFrame({"audio": [Path(sys.argv[2]).read_bytes()]}))
    logged = Model.load(place)
    served = validate_serving_input(place, logged.get_serving_input(place))
    example = logged.load_input_example(place)
    own = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "components"}
    found[place] = {
        "prediction": json.loads(prediction.to_json(orient="records"))[0],
        "code": [module.__file__ for module in own.values()],
        "served": list(served.columns),
        "inputs_agree": infer_signature(example).inputs == logged.signature.inputs,
        "outputs_agree": infer_signature(example, prediction).outputs == logged.signature.outputs,
    }
    # The next model brings its own code.
    for name in own:
        del sys.modules[name]
    sys.path[:] = [path for path in sys.path if not path.startswith(place)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Params]]:
    """An empty project whose VGG16 has (random) weights of its own, and YAMNet where real ones are at hand."""
    import mlflow
    from keras.applications import VGG16

    root, before = tmp_path_factory.mktemp("logged"), Path.cwd()
    hub = os.environ.get("TFHUB_CACHE_DIR")
    os.chdir(root)
    VGG16(weights=None, include_top=False).save_weights(root / "vgg16.weights.h5")
    if data := os.environ.get("GENRE_TEST_DATA"):
        os.environ["TFHUB_CACHE_DIR"] = str(Path(data) / "weights" / "tfhub")
    base = yaml.safe_load((presets.FOLDER / "base.yaml").read_text(encoding="utf-8"))
    # The demo leaves this one out.
    added = {
        kind: {name: base[kind][name]} for kind, name in (("features", "mel_sequence"), ("models", "cnn_1d"))
    }
    weights = str(root / "vgg16.weights.h5")
    yield root, params.parse(presets.compose("demo", vgg16=weights, added=added))
    os.chdir(before)
    mlflow.set_tracking_uri(None)
    os.environ.pop("TFHUB_CACHE_DIR", None)
    if hub is not None:
        os.environ["TFHUB_CACHE_DIR"] = hub


@pytest.fixture(scope="module")
def logged(project: tuple[Path, Params]) -> dict[str, tuple[Path, np.ndarray]]:
    """Each model's folder as logged, and its prediction of the example song here."""
    import mlflow

    root, chosen = project
    client = tracking.connect()
    experiment = client.create_experiment("logged", artifact_location=(root / "artifacts").as_uri())
    found = {}
    for name in [name for names in ENVIRONMENTS.values() for name in names]:
        run_id = client.create_run(experiment).info.run_id
        packaging.log(run_id, record=build(name, root, chosen), root=root / "data")
        place = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/{name}"))
        prediction = mlflow.pyfunc.load_model(str(place)).predict(pd.DataFrame({"audio": [example_song()]}))
        found[name] = (place, prediction.filter(like="probability.").to_numpy()[0])
    return found


def build(name: str, root: Path, chosen: Params) -> TrainingRecord:
    """Leave an unfitted model and its feature behind, as training would."""
    block = chosen.model(name)
    feature = block.feature
    module = load(feature)
    values, starts = compute.compute(feature, *audio.decode(example_song()), params=chosen)
    described = FeatureRecord(
        feature=feature,
        unit=chosen.feature(feature).unit,
        shape=list(values.shape[1:]),
        names=list(module.NAMES) if module.NAMES else None,
        sample_rate=module.SAMPLE_RATE,
        options=options(feature, params=chosen).model_dump(mode="json"),
        pretrained=[encoder.record for encoder in compute.encoders_of(module, params=chosen)],
    )
    # One song to be fitted on, and the same once more to be validated on.
    rows = {"segment": range(len(values)), "start": starts, "genre": "jazz"}
    index = pd.concat([pd.DataFrame({"track": track} | rows) for track in "ab"], ignore_index=True)
    values = np.concatenate([values, values])
    index = index.assign(**feature_store.summary(values))
    feature_store.write(described, index=index, values=[values], root=root / "data")
    network = models.load(block.network)(block.first_set, input_shape=values.shape[1:], classes=len(GENRES))
    folder = root / "data" / "models" / name
    folder.mkdir(parents=True)
    network.save(folder / "model.keras", include_optimizer=False)
    record = training_record(
        model=name,
        genres=GENRES,
        feature=described,
        train_tracks=["a"],
        validation_tracks=["b"],
        weights_sha256=name * 8,
        params=chosen,
    )
    predictions = pd.DataFrame(
        {"part": "validation", "track": ["b"], "segment": 0, "genre": "jazz", "artist": "", "headline": True}
    )
    shares = {f"probability.{genre}": float(genre == "jazz") for genre in GENRES}
    predictions.assign(predicted="jazz", **shares).to_parquet(folder / "predictions.parquet", index=False)
    songs = pd.DataFrame(
        {"track": ["a"], "part": "train", "fitted": True, "genre": "jazz", "artist": "", "seconds": 30.0}
    )
    songs.to_parquet(folder / "songs.parquet", index=False)
    record.write(folder / "training.json")
    return record


def test_no_file_holds_a_pickle(logged: dict[str, tuple[Path, np.ndarray]]) -> None:
    for place, _ in logged.values():
        for path in place.rglob("*"):
            assert path.suffix not in (".pkl", ".pickle", ".joblib", ".dill"), path
            if path.is_file():
                with path.open("rb") as file:
                    # A pickle of protocol 2 to 5 begins with its number.
                    assert file.read(2) not in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), path
        with zipfile.ZipFile(next(place.rglob("*.keras"))) as saved:
            assert {Path(name).suffix for name in saved.namelist()} == {".json", ".h5"}


def test_a_trained_encoder_travels_with_the_model(logged: dict[str, tuple[Path, np.ndarray]]) -> None:
    assert list(logged["vgg16"][0].rglob("vgg16.weights.h5"))
    if "GENRE_TEST_DATA" in os.environ:
        assert list(logged["yamnet"][0].rglob("saved_model.pb"))


@pytest.mark.parametrize("name", [*ENVIRONMENTS["hub"], "musicnn"])
def test_the_export_of_an_encoder_is_packaged(name: str, logged: dict[str, tuple[Path, np.ndarray]]) -> None:
    # Inside, the export of musicnn has a graph of each network that runs.
    export = "encoder_musicnn.litert/msd.tflite" if name == "musicnn" else "encoder_yamnet.tflite"
    assert list(logged[name][0].rglob(export))


def test_each_predicts_alike_in_a_fresh_process_with_its_own_code_alone(
    logged: dict[str, tuple[Path, np.ndarray]], project: tuple[Path, Params], tmp_path: Path
) -> None:
    check_elsewhere(Path(sys.executable), logged, project=project[0], folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_each_predicts_alike_in_a_new_environment_of_its_own_requirements(
    kind: str, logged: dict[str, tuple[Path, np.ndarray]], project: tuple[Path, Params], tmp_path: Path
) -> None:
    chosen = {name: logged[name] for name in ENVIRONMENTS[kind]}
    requirements = {(place / "requirements.txt").read_text() for place, _ in chosen.values()}
    assert len(requirements) == 1, "models of one environment need the same"
    (tmp_path / "requirements.txt").write_text(requirements.pop())
    python = tmp_path / "environment" / "bin" / "python"
    run([sys.executable, "-m", "uv", "venv", "--python", sys.executable, str(tmp_path / "environment")])
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    run([*install, "-r", str(tmp_path / "requirements.txt")])
    check_elsewhere(python, chosen, project=project[0], folder=tmp_path)


def check_elsewhere(
    python: Path, logged: dict[str, tuple[Path, np.ndarray]], *, project: Path, folder: Path
) -> None:
    """Let another process load the models; the weights' own place is gone, only what is inside them is left."""
    hidden = project / "vgg16.weights.h5"
    hidden.rename(hidden.with_suffix(".away"))
    (folder / "song.wav").write_bytes(example_song())
    places = json.dumps([str(place) for place, _ in logged.values()])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    try:
        command = [str(python), "-I", "-c", ELSEWHERE, places, str(folder / "song.wav")]
        output = run(command, cwd=folder, env=environment)
    finally:
        hidden.with_suffix(".away").rename(hidden)
    found = json.loads(output.splitlines()[-1])
    for name, (place, expected) in logged.items():
        one = found[str(place)]
        shares = [one["prediction"][f"probability.{genre}"] for genre in GENRES]
        np.testing.assert_allclose(shares, expected, atol=1e-4, err_msg=name)
        assert all(Path(file).is_relative_to(place / "code") for file in one["code"]), name
        assert one["served"] == [
            "genre",
            "confidence",
            "unsure",
            "seconds",
            "coverage",
            "lost",
            "damage",
            "timeline",
            *(f"probability.{genre}" for genre in GENRES),
        ]
        assert one["inputs_agree"] and one["outputs_agree"], name


def run(command: list[str], **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command[:4]}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout
