"""Published models in TensorFlow Hub's cache: where one lies, and how it is loaded."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import Any

from components.core import hashing
from components.core.errors import MissingWeightsError

#: setuptools because tensorflow-hub imports pkg_resources.
REQUIREMENTS = ("tensorflow-hub", "tf-keras", "setuptools")

#: Where downloaded models are kept; TensorFlow Hub reads it too.
CACHE = "TFHUB_CACHE_DIR"


def locate(value: str) -> Path:
    """Return the folder of ``saved_model.pb`` and ``variables``; it may not exist.

    Parameters
    ----------
    value : str
        A path, or a TensorFlow Hub handle: then its place in the cache, named by the SHA-1 of the handle.
    """
    folder = Path(value)
    return folder if folder.is_dir() else _cache() / hashlib.sha1(value.encode()).hexdigest()


def _cache() -> Path:
    # TensorFlow Hub's own default lies among the temporary files: a flow ends with those of its stages.
    import platformdirs

    return Path(os.environ.get(CACHE) or platformdirs.user_cache_path("genre-workflow") / "tfhub")


def load(value: str) -> tuple[Any, str]:
    """Load a published model; a handle that is not in the cache is downloaded.

    Returns
    -------
    model : object
        As ``tensorflow_hub.load`` returns it.
    sha256 : str
        Of its files.

    Raises
    ------
    MissingWeightsError
        If it can be neither found nor downloaded.
    """
    with warnings.catch_warnings():
        # Of its own import; the setuptools that it needs is locked.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        import tensorflow_hub

    try:
        os.environ[CACHE] = str(_cache())
        folder = Path(tensorflow_hub.resolve(value))
        model = tensorflow_hub.load(str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        raise MissingWeightsError(
            f"cannot be loaded ({' '.join(str(error).split())[:200]}); with a network it is downloaded; without, put "
            f"the unpacked model into {locate(value)}/ (saved_model.pb and variables/), or set {CACHE}"
        ) from error
    return model, hashing.files([folder / "saved_model.pb", *sorted((folder / "variables").iterdir())])
