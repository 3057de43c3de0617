"""Extraction in processes: the same bits by one or several, and after kills."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from components.config.params import Params
from components.core.errors import FeatureError
from components.corpus import audio
from components.features.pipeline import chunks, compute
from components.features.pipeline import store as feature_store
from components.stages import features as extraction


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.slow
def test_a_chain_goes_through_the_feature_that_it_reads(project: Path, params: Params) -> None:
    extraction.run("mel_image", params=params, root=project, processes=1)
    extraction.run("vgg16_embedding", params=params, root=project)
    index, values, record = feature_store.read("vgg16_embedding", root=project)
    assert values.shape == (12, 2 * (256 + 512 + 512))
    assert [encoder.trained for encoder in record.pretrained] == [False]
    y, rate = audio.decode(project.parent / "audio" / "rock" / "rock.00000.wav")
    computed, _ = compute.compute("vgg16_embedding", y, rate, params=params)
    np.testing.assert_allclose(computed, values[(index["track"] == "rock.00000").to_numpy()], rtol=1e-5)


def test_processes_do_not_change_a_bit(
    project: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MAX_TRACKS", 3)
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    alone = content(feature_store.folder("mfcc_sequence", root=project))
    shutil.rmtree(project / "features")
    extraction.run("mfcc_sequence", params=params, root=project, processes=2)
    assert content(feature_store.folder("mfcc_sequence", root=project)) == alone


_DIES = """
import os, signal, sys
from pathlib import Path
from components.config import params
from components.features.pipeline import chunks
from components.stages import features as extraction

left, save = int(sys.argv[1]), chunks.save
chunks.MAX_TRACKS = 2

def dying(*arguments, **more):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    save(*arguments, **more)

chunks.save = dying
extraction.run("mfcc_sequence", params=params.load("params.yaml"), root=Path("data"), processes=1)
"""


def test_killed_again_and_again_it_ends_with_the_same_bytes(
    project: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "params.yaml").write_text(json.dumps(params.model_dump(mode="json")))
    command = [sys.executable, "-c", _DIES]
    killed = [subprocess.run([*command, "1"], cwd=project.parent, check=False).returncode for _ in range(3)]
    assert killed == [-9, -9, -9]
    assert not feature_store.folder("mfcc_sequence", root=project).exists()
    assert len(list((project / "features" / ".chunks" / "mfcc_sequence").glob("*.npz"))) == 3
    subprocess.run([*command, "-1"], cwd=project.parent, check=True)
    resumed = content(feature_store.folder("mfcc_sequence", root=project))
    shutil.rmtree(project / "features")
    subprocess.run([*command, "-1"], cwd=project.parent, check=True)
    assert content(feature_store.folder("mfcc_sequence", root=project)) == resumed


def test_a_file_that_vanished_is_named_by_whichever_process_missed_it(project: Path, params: Params) -> None:
    (project.parent / "audio" / "rock" / "rock.00002.wav").unlink()
    with pytest.raises(FeatureError, match="rock"):
        extraction.run("mfcc_sequence", params=params, root=project, processes=2)
