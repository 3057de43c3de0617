"""An encoder is one file and one block: extracted, trained on, logged and served like those that are shipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from components.config import presets
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow

TOY = '''
"""A matrix of weights on a clip's log spectrum."""

from pathlib import Path

import numpy as np

from components.config.strict import Strict
from components.core import hashing
from components.core.errors import MissingWeightsError
from components.features.encoders.base import SEED, Encoder

LICENCE, TRAINED_ON, PARAMETERS, REQUIREMENTS = "MIT", "noise", 64 * 8, ("humanize",)
SAMPLE_RATE, READS, UNITS, NAMES, ENCODERS = 8_000, ("audio",), ("segment",), None, ("toy",)


class Options(Strict):
    """None."""


def locate(value):
    return Path(value)


def load(value):
    if not locate(value).is_file():
        raise MissingWeightsError("no such file; valid: an .npy of shape (64, 8)")
    return encoder(np.load(value), origin=locate(value).name, trained=True)


def untrained():
    return encoder(np.random.default_rng(SEED).normal(size=(64, 8)), origin=f"seed {SEED}", trained=False)


def encoder(weights, *, origin, trained):
    return Encoder("toy", lambda x: [x @ weights], origin=origin, trained=trained, sha256=hashing.arrays([weights]))


def extract(clips, *, options, encoders):
    power = np.abs(np.fft.rfft(clips))[:, : 64 * 60].reshape(len(clips), 64, 60).sum(axis=2)
    return encoders[0].run(np.log1p(power))[0].astype(np.float32)
'''
#: In the project: everything that a run does to one model.
RUN = """
import json
from components.config import params
from components.serving import packaging
from components.stages import corpus, features, preflight, split, train, tune, validate

chosen = params.load()
preflight.check_all(chosen)
corpus.run("audio", params=chosen)
split.run(params=chosen)
features.run("embedded", params=chosen, processes=1)
validate.run("embedded", params=chosen)
tune.run("toy", params=chosen)
train.run("toy", params=chosen)
run_id = packaging.ensure_logged("toy")
import mlflow
print(json.dumps({"place": mlflow.artifacts.download_artifacts(f"runs:/{run_id}/toy")}))
"""
#: Anywhere else: the model alone.
SERVE = """
import sys
from pathlib import Path
import mlflow, pandas as pd

predicted = mlflow.pyfunc.load_model(sys.argv[1]).predict(pd.DataFrame({"audio": [Path(sys.argv[2]).read_bytes()]}))
print(predicted.to_json(orient="records"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's code with one more encoder, and twelve tones of each of three genres."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT / "components", root / "components", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "components" / "features" / "encoders" / "toy.py").write_text(TOY)
    rng = np.random.default_rng(0)
    np.save(root / "toy.npy", rng.normal(size=(64, 8)))
    time = np.arange(2 * 8_000) / 8_000
    for genre, low in {"blues": 200, "jazz": 800, "rock": 2_000}.items():
        (root / "audio" / genre).mkdir(parents=True)
        for number in range(12):
            y = 0.3 * np.sin(2 * np.pi * (low + rng.uniform(0, 300)) * time) + rng.normal(0, 0.01, len(time))
            soundfile.write(root / "audio" / genre / f"{genre}.{number:05d}.wav", y, 8_000)
    document = yaml.safe_load(presets.compose("demo"))
    document["synthetic"] = {}
    document["corpus"] |= {"sources": {"audio": {"path": "audio"}}, "minimum_tracks": 5}
    document["segments"] = {"seconds": 1.0, "per_track": 2, "shortest": 1.0}
    document["allow_untrained_encoders"] = False
    document["pretrained"] = {"toy": str(root / "toy.npy")}
    document["features"] = {
        "embedded": {"extractor": "toy", "reads": "data/corpus/audio.parquet", "unit": "segment"}
    }
    block = document["models"]["mlp"] | {"feature": "embedded", "variant": "small"}
    block["variants"] = {"small": block["variants"]["study"]}
    document["models"] = {"toy": block}
    document["tuning"] |= {"max_trials": 0, "executions_per_trial": 1}
    (root / "params.yaml").write_text(yaml.safe_dump(document))
    return root


def run(code: str, *arguments: str, folder: Path, **environment: str) -> str:
    """What a new Python process prints last."""
    kept = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


def test_one_file_and_one_block_are_an_encoder(project: Path, tmp_path: Path) -> None:
    place = Path(json.loads(run(RUN, folder=project, PYTHONPATH=str(project)))["place"])
    weights = (project / "toy.npy").read_bytes()
    assert [path.read_bytes() for path in place.rglob("toy.npy")] == [weights]
    assert "humanize==" in (place / "requirements.txt").read_text()
    values = np.load(project / "data" / "features" / "embedded" / "values.npy")
    assert values.shape == (72, 8)
    # Nothing of the project is left but the logged model and one song.
    song = (project / "audio" / "rock" / "rock.00003.wav").rename(tmp_path / "song.wav")
    model = shutil.copytree(place, tmp_path / "model")
    shutil.rmtree(project)
    (predicted,) = json.loads(run(SERVE, str(model), str(song), folder=tmp_path))
    assert predicted["genre"] in ("blues", "jazz", "rock")
    assert predicted["probability.rock"] > 1 / 3
