"""Whether a file can be used as a track's mel-spectrogram picture."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from components.config.params import Params
from components.core import hashing
from components.corpus.discovery import Row, escaped

SUFFIXES = frozenset({".png"})
#: Width and height of the public collection's pictures, in pixels; the picture models take no other.
SIZE = (432, 288)
#: 8 bits a channel, of grey, colour or palette. 16-bit grey would be cut off at 255 when read as colour.
MODES = ("L", "LA", "P", "PA", "RGB", "RGBA")


def inspect(row: Row, *, folder: Path, params: Params) -> Row:
    """Measure one picture, or name its fault.

    Parameters
    ----------
    row : Row
        From :func:`components.corpus.discovery.walk`.
    folder : Path
        The collection.
    params : Params
        For ``corpus.max_bytes``.

    Returns
    -------
    Row
        With bytes and the SHA-256 of the file's bytes (seconds, rate, samples and segments are 0); or with
        a fault.
    """
    if row.fault:
        return row
    try:
        handle = os.open(folder / row.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(handle)
            row = replace(row, bytes=state.st_size)
            if fault := escaped(folder / row.path, handle, inside=folder):
                return replace(row, fault=fault)
            if state.st_size == 0:
                return replace(row, fault="empty: 0 bytes")
            limit = params.corpus.max_bytes
            if state.st_size > limit:
                return replace(row, fault=f"too large: {state.st_size} bytes, corpus.max_bytes is {limit}")
            fault = _fault(file)
            file.seek(0)
            sha256 = "" if fault else hashing.file(file)
            return replace(row, sha256=sha256, fault=fault)
    except FileNotFoundError:
        return replace(row, fault="vanished during the listing")
    except OSError as error:
        return replace(row, fault=f"not readable: {(error.strerror or str(error)).lower()}")


def _fault(file: object) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        # Only PNG's reader is let near the bytes; opening reads the header, not the pixels.
        picture = Image.open(file, formats=["PNG"])  # type: ignore[arg-type]
    except Image.DecompressionBombError:
        return f"picture too large; valid: {SIZE[0]} x {SIZE[1]} pixels"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return "no PNG header that can be read"
    if picture.size != SIZE:
        return f"picture is {picture.width} x {picture.height} pixels; valid: {SIZE[0]} x {SIZE[1]}"
    if picture.mode not in MODES:
        return f"picture's pixels are {picture.mode}; valid: 8 bits a channel ({', '.join(MODES)})"
    try:
        pixels = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return "damaged: decoding stops part of the way"
    if (pixels == pixels[0, 0]).all():
        return "blank: one colour everywhere"
    return ""
