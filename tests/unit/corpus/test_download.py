"""``genre download``: what is left on disk is a whole, checked collection, or nothing."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from mirdata import core, download_utils
from mirdata.datasets import gtzan_genre

from components.core.errors import CorpusError, ParamsError
from components.corpus import download

GENRES = ("blues", "jazz")
TABLE = b"blues.00000.wav ::: Ada ::: One\n"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Remote:
    """A stand-in for the public archive: a zip on this disk, with the index that belongs to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        self.tracks = {f"{genre}.{n:05d}": f"{genre} {n}".encode() for genre in GENRES for n in range(2)}
        self.checksum: str | None = None
        self._patch = monkeypatch

    def publish(self) -> None:
        with zipfile.ZipFile(self.folder / "mini.zip", "w") as archive:
            for track, content in self.tracks.items():
                archive.writestr(f"gtzan_mini-main/genres/{track.split('.')[0]}/{track}.wav", content)
        index = {
            f"{genre}.{n:05d}": {
                "audio": [
                    f"gtzan_mini-main/genres/{genre}/{genre}.{n:05d}.wav",
                    md5(f"{genre} {n}".encode()),
                ],
                "beats": [f"annotations/{genre}.{n:05d}.beats", "0" * 32],
            }
            for genre in GENRES
            for n in range(2)
        }
        (self.folder / "index.json").write_text(json.dumps({"version": "mini", "tracks": index}))
        here = core.Index(
            "index.json",
            url=(self.folder / "index.json").as_uri(),
            checksum=md5((self.folder / "index.json").read_bytes()),
            partial_download=["mini"],
        )
        here.indexes_dir = str(self.folder / "indexes")
        here.remote.destination_dir = here.indexes_dir
        archive = download_utils.RemoteFileMetadata(
            "mini.zip",
            (self.folder / "mini.zip").as_uri(),
            self.checksum or md5((self.folder / "mini.zip").read_bytes()),
        )
        self._patch.setitem(gtzan_genre.INDEXES, "mini", here)
        self._patch.setattr(gtzan_genre, "REMOTES", {"mini": archive})


class Table(BaseHTTPRequestHandler):
    """A stand-in for the address of the table of artists."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TABLE)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a table of artists on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Table)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(download, "ARTISTS_URL", f"http://127.0.0.1:{server.server_port}/table.txt")
    monkeypatch.setattr(download, "ARTISTS_SHA256", hashlib.sha256(TABLE).hexdigest())
    yield download.ARTISTS_URL
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    return Remote(tmp_path / "remote", monkeypatch)


def left_in(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_ends_in_one_subfolder_a_genre_and_nothing_else(remote: Remote, tmp_path: Path) -> None:
    remote.publish()
    folder = download.run("gtzan-mini", root=tmp_path / "data")
    assert folder == tmp_path / "data/raw/gtzan-mini"
    assert left_in(tmp_path / "data/raw") == [
        "gtzan-artists.txt",
        *(f"gtzan-mini/{genre}/{genre}.0000{n}.wav" for genre in GENRES for n in range(2)),
    ]


def test_the_artists_alone(tmp_path: Path) -> None:
    path = download.run("gtzan-artists", root=tmp_path)
    assert path == tmp_path / "raw/gtzan-artists.txt"
    assert path.read_bytes() == TABLE


def test_a_table_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/gtzan-artists.txt").write_text("mine")
    assert download.run("gtzan-artists", root=tmp_path).read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("ARTISTS_URL", "http://127.0.0.1:9/table.txt", "Connection"), ("ARTISTS_SHA256", "0" * 64, "checksum")],
)
def test_artists_that_cannot_be_had_are_one_line_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setattr(download, name, value)
    with pytest.raises(CorpusError, match=f"{reason}.*genre download gtzan-artists") as refused:
        download.run("gtzan-artists", root=tmp_path)
    assert "\n" not in str(refused.value)
    assert left_in(tmp_path) == []


def test_a_collection_stays_where_its_artists_cannot_be_had(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.publish()
    monkeypatch.setattr(download, "ARTISTS_SHA256", "0" * 64)
    with pytest.raises(CorpusError, match="artists of GTZAN"):
        download.run("gtzan-mini", root=tmp_path / "data")
    assert len(left_in(tmp_path / "data/raw/gtzan-mini")) == 4


@pytest.mark.parametrize("name", ["gtzan-mini", download.ARTISTS])
def test_a_folder_that_cannot_be_made_is_no_fault_of_the_network(name: str, tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file")
    with pytest.raises(CorpusError, match=r"raw cannot be written \(File exists\)"):
        download.run(name, root=tmp_path)


def test_a_second_time_downloads_nothing(remote: Remote, tmp_path: Path) -> None:
    remote.publish()
    folder = download.run("gtzan-mini", root=tmp_path / "data")
    (remote.folder / "mini.zip").unlink()
    assert download.run("gtzan-mini", root=tmp_path / "data") == folder


def test_no_network_is_one_line_that_says_what_to_do(remote: Remote, tmp_path: Path) -> None:
    remote.publish()
    (remote.folder / "mini.zip").unlink()
    with pytest.raises(
        CorpusError, match=r"gtzan-mini cannot be downloaded .*data/raw/gtzan-mini/<genre>/"
    ) as e:
        download.run("gtzan-mini", root=tmp_path / "data")
    assert "\n" not in str(e.value)
    assert left_in(tmp_path / "data") == []


def test_an_archive_with_a_wrong_checksum_is_never_unpacked(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.checksum = "0" * 32
    remote.publish()

    def unpacked(*_: object, **__: object) -> None:
        raise AssertionError("unpacked before its checksum was verified")

    monkeypatch.setattr(download_utils, "unzip", unpacked)
    with pytest.raises(CorpusError, match="checksum"):
        download.run("gtzan-mini", root=tmp_path / "data")
    assert left_in(tmp_path / "data") == []


def test_a_changed_track_is_refused_by_name(remote: Remote, tmp_path: Path) -> None:
    remote.tracks["jazz.00001"] = b"something else"
    remote.publish()
    with pytest.raises(CorpusError, match=r"1 have a wrong checksum \(jazz.00001"):
        download.run("gtzan-mini", root=tmp_path / "data")


def test_a_missing_track_is_refused_by_name(remote: Remote, tmp_path: Path) -> None:
    del remote.tracks["blues.00000"]
    remote.publish()
    with pytest.raises(CorpusError, match=r"1 tracks are missing .*blues.00000"):
        download.run("gtzan-mini", root=tmp_path / "data")
    assert left_in(tmp_path / "data") == []


def test_an_unknown_collection_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="'fma' is not known; valid: gtzan-mini, gtzan"):
        download.run("fma", root=tmp_path / "data")


@pytest.mark.parametrize("name", download.COLLECTIONS)
def test_mirdata_knows_each_collection(name: str) -> None:
    version, archive = download.COLLECTIONS[name]
    assert archive in gtzan_genre.REMOTES
    assert version in gtzan_genre.INDEXES
