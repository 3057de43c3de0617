"""Bodies to files: as sent, whatever the pieces they come in, and refused beyond each limit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.http import upload
from components.http.refusal import RefusedError
from components.http.settings import ServeSettings
from tests.conftest import PROJECT

BOUNDARY = "limit-7f3a"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
SMALL = ServeSettings(max_bytes=100, max_songs=3, max_request_bytes=1000)


def form(*files: tuple[str, bytes], end: bool = True) -> bytes:
    parts = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="songs"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    )
    return parts + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


def receive(
    body: bytes,
    folder: Path,
    *,
    content_type: str = FORM,
    settings: ServeSettings = SMALL,
    size: int = 7,
    name: str = "",
) -> list[tuple[str, bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        for first in range(0, len(body), size):
            yield body[first : first + size]

    songs = asyncio.run(
        upload.receive(chunks(), content_type=content_type, folder=folder, settings=settings, name=name)
    )
    assert all(song.path.parent == folder and song.bytes == song.path.stat().st_size for song in songs)
    return [(song.name, song.path.read_bytes()) for song in songs]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(contents=st.lists(st.binary(max_size=90), min_size=1, max_size=3), size=st.integers(1, 300))
def test_files_arrive_as_they_are_in_pieces_of_any_size(tmp_path, contents, size):
    files = [(f"{at}.wav", content) for at, content in enumerate(contents)]
    assert receive(form(*files), tmp_path, size=size) == files


def test_a_raw_body_is_one_song(tmp_path):
    for content_type in ("audio/mpeg", "application/octet-stream", ""):
        found = receive(b"sound", tmp_path, content_type=content_type, name="raw.mp3")
        assert found == [("raw.mp3", b"sound")]
    assert receive(b"sound", tmp_path, content_type="audio/wav") == [("body", b"sound")]


def test_a_name_names_no_file_here(tmp_path):
    assert receive(form(("../../planted", b"sound")), tmp_path) == [("../../planted", b"sound")]
    (path,) = tmp_path.rglob("*")
    assert path.name.isdigit()


def test_a_song_without_a_name_is_called_by_its_place(tmp_path):
    sent = form(("", b"a"), ("two.wav", b"b"), ("  ", b"c"))
    assert [name for name, _ in receive(sent, tmp_path)] == ["song 1", "two.wav", "song 3"]


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[2Jcleared", "\u202e3pm.exe"])
def test_a_name_stays_on_its_line(tmp_path, name):
    ((shown, _),) = receive(b"sound", tmp_path, content_type="audio/wav", name=name)
    assert shown.isprintable()
    assert len(shown) == len(name)


def test_a_form_s_files_have_their_own_names(tmp_path):
    with pytest.raises(RefusedError, match=r"name is 'raw\.mp3'") as refused:
        receive(form(("one.wav", b"sound")), tmp_path, name="raw.mp3")
    assert refused.value.status == 422


@pytest.mark.parametrize(
    "disposition",
    ['name="song"; filename="a.wav"', 'filename="a.wav"', 'name="songs"', 'name="timeline"', ""],
)
def test_a_field_that_there_is_not_is_named_with_the_one_there_is(tmp_path, disposition):
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\nsound\r\n--{BOUNDARY}--"
    with pytest.raises(RefusedError, match="'songs'") as refused:
        receive(part.encode(), tmp_path)
    assert refused.value.status == 422
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (form(("large.wav", b"x" * 101)), FORM, 413),
        (form(*[("one.wav", b"x")] * 4), FORM, 413),
        (b"x" * 101, "audio/wav", 413),
        (form(("one.wav", b"x" * 90)) * 8, FORM, 413),
        (b"{}", "application/json", 415),
        (b"words", "text/plain; charset=utf-8", 415),
        (b"", "audio/wav", 422),
        (form(), FORM, 422),
        (form(("cut.wav", b"x"), end=False), FORM, 400),
        (b"no form at all", FORM, 400),
        (b"", "multipart/form-data", 400),
        (b"", f"multipart/form-data; boundary={'x' * 300}", 400),
    ],
)
def test_what_is_not_taken_is_refused_with_its_reason(tmp_path, body, content_type, status):
    with pytest.raises(RefusedError) as refused:
        receive(body, tmp_path, content_type=content_type)
    assert refused.value.status == status
    assert refused.value.reason
    assert not list(tmp_path.iterdir())


def test_what_is_too_large_is_named_with_the_limit_in_groups_of_digits(tmp_path):
    settings = ServeSettings(max_bytes=1_000_000, max_request_bytes=1_000_000)
    with pytest.raises(RefusedError, match=r"1,234,567 bytes; valid: at most 1,000,000$"):
        upload.check_headers({"content-length": "1234567", "content-type": "audio/wav"}, settings=settings)
    sound = b"x" * 1_000_001
    with pytest.raises(RefusedError, match=r"valid: at most 1,000,000 bytes$"):
        receive(sound, tmp_path, content_type="audio/wav", settings=settings, size=1_000_001)


def test_a_length_above_the_limit_is_refused_unread():
    upload.check_headers({"content-length": "1000", "content-type": FORM}, settings=SMALL)
    upload.check_headers({"content-type": "audio/wav", "content-encoding": "identity"}, settings=SMALL)
    for length, content_type in (("1001", FORM), ("101", "audio/wav"), ("9" * 4000, "audio/wav")):
        with pytest.raises(RefusedError) as refused:
            upload.check_headers({"content-length": length, "content-type": content_type}, settings=SMALL)
        assert refused.value.status == 413


def test_a_compressed_body_is_refused_unread():
    with pytest.raises(RefusedError, match="Content-Encoding is 'gzip'") as refused:
        upload.check_headers({"content-type": "audio/wav", "content-encoding": "gzip"}, settings=SMALL)
    assert refused.value.status == 415
    assert refused.value.headers == {"Accept-Encoding": "identity"}


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(RefusedError, match="No such file or directory") as refused:
        receive(form(("one.wav", b"x")), tmp_path / "gone")
    assert refused.value.status == 507


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_songs_of_a_server_that_was_killed_are_removed_by_the_next(temporary):
    code = "from components.http import upload; made = upload.folder(); print(made.__enter__(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(temporary)}, cwd=PROJECT,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        left = Path(server.stdout.readline().strip())
        (left / "0").write_bytes(b"sound")
        os.utime(left, (0, 0))
        with upload.folder() as own:
            assert left.is_dir()
            assert own != left
        server.kill()
    (temporary / "genre-serve-song.wav").touch()
    with upload.folder() as own:
        assert sorted(temporary.iterdir()) == sorted([own, temporary / "genre-serve-song.wav"])
    assert list(temporary.iterdir()) == [temporary / "genre-serve-song.wav"]
