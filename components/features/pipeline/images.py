"""Public mel-spectrogram pictures as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from components.core.errors import FeatureError

#: Pixels, as the public pictures have.
HEIGHT, WIDTH = 288, 432
#: The spectrogram with its frame lies within these columns and rows; the rest is white margin.
LEFT, RIGHT, TOP, BOTTOM = 54, 389, 35, 252


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
                raise FeatureError(
                    f"{path} is {picture.size[0]} x {picture.size[1]}; valid: {WIDTH} x {HEIGHT}"
                )
            return np.asarray(picture.convert("RGB"), dtype=np.float32)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FeatureError(
            f"{path} is no picture that can be read: {' '.join(str(error).split())}"
        ) from error
