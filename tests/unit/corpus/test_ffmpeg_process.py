"""Packets of a container: read on past a stream that begins in the middle."""

from __future__ import annotations

from collections.abc import Iterator

from components.corpus import ffmpeg_process


class Container:
    """Demuxes two packets, and between them finds a stream that its header does not name."""

    def __init__(self) -> None:
        self._left = ["first", IndexError("list index out of range"), "second"]

    def demux(self, _stream: object) -> Iterator[object]:
        while self._left:
            if isinstance(found := self._left.pop(0), Exception):
                raise found
            yield found


def test_a_stream_that_begins_in_the_middle_is_passed_over() -> None:
    assert list(ffmpeg_process._packets(Container(), object())) == ["first", "second"]
