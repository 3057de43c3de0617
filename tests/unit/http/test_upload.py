"""Bodies to files: as sent, whatever the pieces they come in, and refused beyond each limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.http import upload
from components.http.refusal import RefusedError
from components.http.settings import ServeSettings

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
    body: bytes, folder: Path, *, content_type: str = FORM, settings: ServeSettings = SMALL, size: int = 7
) -> list[tuple[str, bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        for first in range(0, len(body), size):
            yield body[first : first + size]

    songs = asyncio.run(
        upload.receive(chunks(), content_type=content_type, folder=folder, settings=settings, name="raw.mp3")
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
        assert receive(b"sound", tmp_path, content_type=content_type) == [("raw.mp3", b"sound")]


def test_a_name_names_no_file_here(tmp_path):
    assert receive(form(("../../planted", b"sound")), tmp_path) == [("../../planted", b"sound")]
    (path,) = tmp_path.rglob("*")
    assert path.name.isdigit()


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
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="timeline"\r\n\r\nfalse\r\n--{BOUNDARY}--'.encode(),
            FORM,
            422,
        ),
    ],
)
def test_what_is_not_taken_is_refused_with_its_reason(tmp_path, body, content_type, status):
    with pytest.raises(RefusedError) as refused:
        receive(body, tmp_path, content_type=content_type)
    assert refused.value.status == status
    assert refused.value.reason
    assert not list(tmp_path.iterdir())


def test_a_length_above_the_limit_is_refused_unread():
    upload.check_length("1000", content_type=FORM, settings=SMALL)
    upload.check_length(None, content_type="audio/wav", settings=SMALL)
    for length, content_type in (("1001", FORM), ("101", "audio/wav")):
        with pytest.raises(RefusedError) as refused:
            upload.check_length(length, content_type=content_type, settings=SMALL)
        assert refused.value.status == 413
