"""A collection in a bucket goes through the whole workflow as the same files in a folder do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from components.corpus import locations
from tests.integration.test_workflow import BIN, run, workspace
from tests.support import s3_server
from tests.support.s3_server import BUCKET, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("s3")
    with pytest.MonkeyPatch.context() as patch, s3_server.served(place / "moto.txt") as running:
        for name, value in {**running.environment, locations.CACHE: str(place / "cache")}.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def both(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished workspaces of one model: one whose songs lie in a folder, one whose songs lie in a bucket."""
    place = tmp_path_factory.mktemp("bucket")
    folder, bucket = workspace(place / "folder"), workspace(place / "bucket")
    run("genre", "run", "--model", "mlp", folder=folder)
    url = server.put(folder / "data/raw/synthetic", below="music")
    document = yaml.safe_load((bucket / "params.yaml").read_text())
    document["corpus"]["sources"] = {"audio": {"path": url}}
    (bucket / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    run("genre", "run", "--model", "mlp", folder=bucket)
    return folder, bucket


def test_features_splits_and_metrics_are_the_same(both: tuple[Path, Path]) -> None:
    folder, bucket = both
    values = [np.load(place / "data/features/mfcc_summary/values.npy") for place in both]
    assert np.array_equal(*values)
    for name in ("splits/tracks.csv", "models/mlp/metrics.json"):
        if (folder / "data" / name).exists():
            assert (bucket / "data" / name).read_bytes() == (folder / "data" / name).read_bytes()
    metrics = [json.loads((place / "data/models/mlp/metrics.json").read_text()) for place in both]
    assert metrics[0] == metrics[1]
    assert not [path for path in (bucket / "data/raw").rglob("*") if path.name != ".gitkeep"]


def test_nothing_is_stale_until_a_song_changes(both: tuple[Path, Path], server: Server) -> None:
    _, bucket = both
    assert "are up to date" in run("genre", "run", "--model", "mlp", folder=bucket)
    key = next(
        item["Key"]
        for item in server.client.list_objects_v2(Bucket=BUCKET)["Contents"]
        if "metal" in item["Key"]
    )
    song, rate = soundfile.read(bucket.parent / "folder/data/raw/synthetic" / key.removeprefix("music/"))
    changed = bucket.parent / f"changed{Path(key).suffix}"
    soundfile.write(changed, song[::-1], rate)
    server.client.put_object(Bucket=BUCKET, Key=key, Body=changed.read_bytes())
    status = run("dvc", "status", folder=bucket)
    assert "corpus@audio" in status and BUCKET in status


def test_a_bucket_that_is_not_there_is_one_line(both: tuple[Path, Path], tmp_path: Path) -> None:
    broken = workspace(tmp_path / "broken")
    document = yaml.safe_load((broken / "params.yaml").read_text())
    document["corpus"]["sources"] = {"audio": {"path": "s3://no-such-bucket/music"}}
    (broken / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    done = subprocess.run(
        [BIN / "genre", "run", "--model", "mlp"], cwd=broken, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done
    (line,) = done.stderr.strip().splitlines()
    assert "corpus.sources.audio.path is 's3://no-such-bucket/music'" in line
    assert not (broken / "data/corpus").exists()
