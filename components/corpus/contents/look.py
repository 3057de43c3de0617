"""Look through a file of any format."""

from __future__ import annotations

import os
from dataclasses import replace

from components.corpus.contents import beginnings, flac, matroska, mpeg, ogg, plain_samples
from components.corpus.contents.found import Contents


def of(handle: int, *, form: str = "") -> Contents:
    """Look through a file.

    Parameters
    ----------
    handle : int
        Its descriptor, of which the place is not moved.
    form : str
        libsndfile's name of its format, where it knows it.
    """
    size, mark = os.fstat(handle).st_size, os.pread(handle, 4, 0)
    if form in ("MP3", "MPEG"):
        return mpeg.contents(handle, size)
    if form in ("OGG", "") and mark == b"OggS":
        return ogg.contents(handle, size)
    if form == "FLAC":
        return flac.contents(handle, size)
    if mark == matroska.MARK:
        found = matroska.contents(handle, size)
    else:
        found = plain_samples.contents(handle, size, form=form)
    return replace(found, parts=beginnings.find(handle, size))
