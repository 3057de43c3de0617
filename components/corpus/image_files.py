"""The public mel-spectrogram pictures: their layout, and whether a file can be used as one."""

from __future__ import annotations

from dataclasses import replace
from io import BufferedReader
from pathlib import Path

import numpy as np

from components.config.params import Params
from components.core.errors import FeatureError
from components.corpus.store import Row

SUFFIXES = frozenset({".png"})
#: Pixels of the public collection's pictures; the picture models take no other.
WIDTH, HEIGHT = 432, 288
#: The spectrogram with its frame lies within these columns and rows; the rest is white margin.
LEFT, RIGHT, TOP, BOTTOM = 54, 389, 35, 252
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
        return f"picture too large; valid: {WIDTH} x {HEIGHT} pixels"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return "no PNG header that can be read"
    if picture.size != (WIDTH, HEIGHT):
        return f"picture is {picture.width} x {picture.height} pixels; valid: {WIDTH} x {HEIGHT}"
    if picture.mode not in MODES:
        return f"picture's pixels are {picture.mode}; valid: 8 bits a channel ({', '.join(MODES)})"
    try:
        pixels = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return "damaged: decoding stops part of the way"
    if (pixels == pixels[0, 0]).all():
        return "blank: one colour everywhere"
    return ""


def read(path: Path) -> np.ndarray:
    """Read one picture.

    Parameters
    ----------
    path : Path
        A PNG of 432 x 288 pixels.

    Returns
    -------
    ndarray of float32, shape (288, 432, 3)
        Red, green, blue, 0 to 255; transparency is dropped.

    Raises
    ------
    FeatureError
        If it is no such picture. Its size is checked by the header, before any pixel is decoded.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.size != (WIDTH, HEIGHT):
                raise FeatureError(f"{path} is {picture.width} x {picture.height}; valid: {WIDTH} x {HEIGHT}")
            return np.asarray(picture.convert("RGB"), dtype=np.float32)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise FeatureError(f"{path} is no picture that can be read: {reason}") from error
