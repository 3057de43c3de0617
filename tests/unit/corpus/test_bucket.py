"""A collection in a bucket: listed as the same files in a folder are, and a file's own fault leaves it out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus import audio, audio_files, bucket, discovery, labels, locations, manifest
from components.corpus.discovery import Found
from components.corpus.labels import Labels
from tests.support import s3_server
from tests.support.collections_on_disk import write_tracks
from tests.support.s3_server import BUCKET, Server

KEY = "corpus.sources.audio.path"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with s3_server.served(tmp_path_factory.mktemp("moto") / "moto.txt") as running:
        yield running


@pytest.fixture(autouse=True)
def reached(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**server.environment, locations.CACHE: str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    folder = write_tracks(tmp_path / "music", {"blues": 2, "jazz": 2})
    (folder / "jazz/cover.jpg").write_bytes(b"picture")
    (folder / "notes.txt").write_text("about")
    (folder / "jazz/jazz.00009.wav").write_bytes(b"")
    (folder / "blues/blues.00009.wav").write_bytes(b"no audio at all")
    return folder


def walk(place: str, **options: Any) -> Found:
    return bucket.walk(place, key=KEY, suffixes=audio.SUFFIXES, **options)


def test_genres_from_tags_and_tables_are_of_files_that_are_known_again(
    server: Server, collection: Path, tmp_path: Path
) -> None:
    place = server.put(collection, below=tmp_path.name)
    rows = "jazz/jazz.00000.wav,jazz\njazz/gone.wav,jazz\n"
    (tmp_path / "m.csv").write_text(f"path,genre\n{place}/blues/blues.00000.wav,blues\n{rows}")
    given = {"place": place, "key": KEY, "suffixes": audio.SUFFIXES}
    table = manifest.read(tmp_path / "m.csv")
    tagged = labels.files(Labels("tags"), **given).rows.table().set_index("path")
    named = labels.files(Labels("manifest", table), **given).rows.table().set_index("path")
    whole = walk(place).rows.table().set_index("path")
    assert tagged["stamp"].to_dict() == whole["stamp"].to_dict() and all(tagged["stamp"])
    assert named["fault"].to_dict() == {
        "blues/blues.00000.wav": "",
        "jazz/jazz.00000.wav": "",
        "jazz/gone.wav": "file not found: m.csv, line 4",
    }
    assert (named["stamp"] == whole["stamp"].reindex(named.index).fillna("")).all()


def test_it_is_listed_and_measured_as_a_folder_is(
    server: Server, collection: Path, tmp_path: Path, demo_params: Params
) -> None:
    place = server.put(collection, below=tmp_path.name)
    found = walk(place)
    inspected = [
        bucket.inspect(row, folder=place, params=demo_params, measure=audio_files.measure)
        for row, _ in found.rows
    ]
    here = discovery.walk(collection, key=KEY, suffixes=audio.SUFFIXES)
    expected = [
        discovery.inspect(row, folder=collection, params=demo_params, measure=audio_files.measure)
        for row, _ in here.rows
    ]
    assert inspected == expected
    # What lies beside the genres is no file of theirs: a folder's listing does not look at it.
    assert (found.ignored, here.ignored) == (2, 1)


def test_folders_that_a_console_made_are_no_files(server: Server, collection: Path, tmp_path: Path) -> None:
    place = server.put(collection, below=tmp_path.name)
    before = walk(place)
    for name in ("", "blues/", "blues/live.wav/", "empty/"):
        server.client.put_object(Bucket=BUCKET, Key=f"{tmp_path.name}/{name}", Body=b"")
    locations.filesystem(place)[0].invalidate_cache()
    found = walk(place)
    assert [row for row, _ in found.rows] == [row for row, _ in before.rows]
    assert (found.ignored, found.without) == (before.ignored, before.without)


def test_the_url_of_a_file_is_named(server: Server, collection: Path, tmp_path: Path) -> None:
    place = server.put(collection, below=tmp_path.name)
    with pytest.raises(CorpusError, match=rf"{KEY} is .*00000.wav', which is a file; valid: a folder"):
        walk(f"{place}/jazz/jazz.00000.wav")


def test_one_that_is_too_large_is_not_copied(
    server: Server, collection: Path, tmp_path: Path, demo_params: Params
) -> None:
    place = server.put(collection, below=tmp_path.name)
    row = replace(next(iter(walk(place).rows))[0], bytes=demo_params.corpus.max_bytes + 1)
    found = bucket.inspect(row, folder=place, params=demo_params, measure=audio_files.measure)
    assert found.fault.startswith("too large")
    assert not locations.cache().exists()


def test_one_that_vanished_is_left_out_by_name(
    server: Server, collection: Path, tmp_path: Path, demo_params: Params
) -> None:
    place = server.put(collection, below=tmp_path.name)
    row, _ = next(iter(walk(place).rows))
    server.client.delete_object(Bucket=BUCKET, Key=f"{tmp_path.name}/{row.path}")
    found = bucket.inspect(row, folder=place, params=demo_params, measure=audio_files.measure)
    assert found.fault == "vanished during the listing"


def test_one_that_may_not_be_read_is_left_out_with_the_buckets_reason(
    server: Server, tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = server.put(write_tracks(tmp_path / "music", {"blues": 1, "jazz": 1}), below=tmp_path.name)
    row, _ = next(iter(walk(place).rows))

    def refused(_: str) -> Path:
        raise PermissionError(13, "Access Denied")

    monkeypatch.setattr(locations, "local", refused)
    found = bucket.inspect(row, folder=place, params=demo_params, measure=audio_files.measure)
    assert found.fault.startswith("not readable: ") and "Access Denied" in found.fault


def test_rights_to_list_alone_are_named_with_the_buckets_reason() -> None:
    listing = pd.DataFrame({"fault": ["not readable: Access Denied"] * 3 + ["silent", ""]})
    with pytest.raises(
        CorpusError, match=rf"{KEY} is 's3://genre/music'.* 3 of 5 files .*Access Denied; valid: "
    ):
        bucket.require_readable(listing, place="s3://genre/music", key=KEY)
    bucket.require_readable(listing[1:], place="s3://genre/music", key=KEY)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("s3://no-such-bucket/music", "cannot be read: .*bucket"),
        (f"s3://{BUCKET}/nothing", "holds no genre folders"),
        ("ftp://host/music", "valid: a path, or s3://BUCKET/FOLDER"),
    ],
)
def test_one_that_cannot_be_listed_is_one_line_with_the_place(place: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason) as raised:
        walk(place)
    assert place in str(raised.value) and KEY in str(raised.value) and "\n" not in str(raised.value)


def test_a_server_that_is_not_there_is_one_line_without_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-mine")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CorpusError, match=r"s3://genre/music.* cannot be read") as raised:
        walk("s3://genre/music")
    assert "secret" not in str(raised.value)


def test_a_folder_without_a_track_is_no_genre(server: Server, tmp_path: Path) -> None:
    folder = write_tracks(tmp_path / "music", {"blues": 1, "jazz": 1})
    (folder / "rock").mkdir()
    (folder / "rock/readme.txt").write_text("to come")
    found = walk(server.put(folder, below=tmp_path.name))
    assert (found.rows.table()["genre"].tolist(), found.without) == (["blues", "jazz"], ["rock"])
