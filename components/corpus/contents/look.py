"""Look through a file of any format."""

from __future__ import annotations

import os
from dataclasses import replace

from components.corpus.contents import beginnings, flac, mpeg, ogg, plain_samples
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
    size = os.fstat(handle).st_size
    if form in ("MP3", "MPEG"):
        return mpeg.contents(handle, size)
    if form in ("OGG", "") and os.pread(handle, 4, 0) == b"OggS":
        return ogg.contents(handle, size)
    if form == "FLAC":
        return flac.contents(handle, size)
    return replace(plain_samples.contents(handle, size, form=form), parts=beginnings.find(handle, size))
