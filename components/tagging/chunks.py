"""Whether a chunk can be added to a file that is made of chunks: WAV, AIFF and DSDIFF."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mutagen import FileType
from mutagen.aiff import AIFF, AIFFFile
from mutagen.dsdiff import DSDIFF, DSDIFFFile
from mutagen.wave import WAVE, _WaveFile

from components.core.errors import TaggingError

#: Bytes of a chunk's header whose size has four.
_SHORT = 8
#: The largest size of those that leaves room for tags.
_LARGEST = 0xFF00_0000
_KINDS: dict[type[FileType], Any] = {WAVE: _WaveFile, AIFF: AIFFFile, DSDIFF: DSDIFFFile}


def check(path: Path, file: FileType) -> None:
    """Check that the sizes in a file's header lead from chunk to chunk to its end, where tags are added.

    Raises
    ------
    TaggingError
        If they do not, as in what a streaming encoder or a recorder that lost its power has written.
    """
    kind = _KINDS.get(type(file))
    if kind is None:
        return
    with path.open("rb") as content:
        root = kind(content).root
        # Where mutagen adds a chunk.
        end = min(root.offset + root.size, content.seek(0, os.SEEK_END))
        chunks = root.subchunks()
    last = chunks[-1].offset + chunks[-1].size if chunks else end
    if last != end or (root.HEADER_SIZE == _SHORT and root.data_size > _LARGEST):
        raise TaggingError("the sizes in its header are wrong or unknown, so no tags can be added")
