"""Load a ``.keras`` file only after looking into it: no code in it, no layer that runs some, no path out of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from components.core.errors import RegistryError

if TYPE_CHECKING:
    import keras

#: Layers that run what a file holds, or what it names on the machine.
RUNNING = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__lambda__", "function"}
#: Bytes of a model's configuration; the largest of this project's are 100 kB.
LARGEST_CONFIG = 50_000_000
CONFIG = "config.json"


def load(path: Path) -> keras.Model:
    """Load a model in Keras' safe mode, after :func:`inspect`.

    Parameters
    ----------
    path : Path
        A ``.keras`` file.

    Returns
    -------
    keras.Model
        The model.

    Raises
    ------
    RegistryError
        See :func:`inspect`; or if Keras itself refuses it.
    """
    inspect(path)
    import keras

    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise RegistryError(f"{path} cannot be loaded: {' '.join(str(error).split())[:300]}") from error


def inspect(path: Path) -> None:
    """Refuse what could run code, or is no ``.keras`` file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    RegistryError
        With the reason.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise RegistryError(
            f"{path}: {path.suffix or 'no'} files are not loaded, since safe mode does not hold for them; valid: .keras"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                    raise RegistryError(f"{path} holds a path out of itself: {name!r}")
            if archive.getinfo(CONFIG).file_size > LARGEST_CONFIG:
                raise RegistryError(f"{path}: {CONFIG} is larger than {LARGEST_CONFIG} bytes")
            config = json.loads(archive.read(CONFIG))
    except FileNotFoundError as error:
        raise RegistryError(f"{path} does not exist") from error
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise RegistryError(f"{path} is no .keras file ({error})") from error
    for kind, module in _objects(config):
        if kind in RUNNING:
            raise RegistryError(
                f"{path} holds a {kind} layer, which runs code; valid: layers of Keras that do not"
            )
        if module is not None and module != "builtins" and module.split(".")[0] != "keras":
            raise RegistryError(f"{path} holds {kind!r} of {module!r}; valid: layers of Keras itself")


def _objects(config: Any) -> Iterator[tuple[str, str | None]]:
    """Yield class name and module of each object in a configuration, however deep."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(kind := value.get("class_name"), str):
                module = value.get("module")
                yield kind, module if isinstance(module, str) else None
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
