"""Pictures: whether a file can be used as a track's mel spectrogram."""

from __future__ import annotations

from dataclasses import replace
from io import BufferedReader

import numpy as np

from components.config.params import Params
from components.corpus.discovery import Row

SUFFIXES = frozenset({".png"})
#: Width and height of the public collection's pictures, in pixels; the picture models take no other.
SIZE = (432, 288)
#: 8 bits a channel, of grey, colour or palette. 16-bit grey would be cut off at 255 when read as colour.
MODES = ("L", "LA", "P", "PA", "RGB", "RGBA")


def measure(row: Row, file: BufferedReader, *, params: Params) -> Row:
    """Name a picture's fault, if it has one.

    Parameters
    ----------
    row : Row
        Its row; seconds, rate, samples and segments stay 0.
    file : file object
        The open file.
    params : Params
        Not read.
    """
    return replace(row, fault=_fault(file))


def _fault(file: BufferedReader) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        # Only PNG's reader is let near the bytes; opening reads the header, not the pixels.
        picture = Image.open(file, formats=["PNG"])
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
