"""``.keras`` files loaded in Keras' safe mode: no code in them, no layer that runs some, no path out of them."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from components.core.errors import RegistryError

if TYPE_CHECKING:
    import keras

#: Bytes of a model's configuration, which is read whole; the largest of this project's are 100 kB.
LARGEST_CONFIG = 50_000_000


def load(path: Path) -> keras.Model:
    """Load a model that Keras' safe mode accepts.

    Safe mode refuses layers that run what a file holds (Lambda, saved models, pickled modules) and classes of
    other packages than Keras; it holds for the ``.keras`` format alone.

    Raises
    ------
    RegistryError
        Naming the file and the reason.
    """
    if path.suffix != ".keras":
        raise RegistryError(
            f"{path}: {path.suffix or 'no'} files are not loaded, since safe mode does not hold for them; valid: .keras"
        )
    import keras

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if archive.getinfo("config.json").file_size > LARGEST_CONFIG:
                raise RegistryError(f"{path}: its config.json has more than {LARGEST_CONFIG} bytes")
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise RegistryError(f"{path} holds a path out of itself: {name!r}")
        return keras.saving.load_model(path, safe_mode=True)
    except FileNotFoundError as error:
        raise RegistryError(f"{path} does not exist") from error
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        cause: BaseException = error
        while cause.__context__:
            cause = cause.__context__  # Keras puts the whole configuration around the reason
        reason = " ".join(str(cause).split())[:300]
        raise RegistryError(f"{path} cannot be loaded in Keras' safe mode: {reason}") from error
