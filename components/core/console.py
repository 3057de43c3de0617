"""Standard error of native libraries: kept away from the terminal unless something fails."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TextIO

from components.core.errors import GenreError


@contextlib.contextmanager
def quiet() -> Iterator[TextIO]:
    """Keep what native libraries write to standard error away from the terminal, unless something fails.

    TensorFlow's first lines come before its log level is read, so no setting silences them.

    Yields
    ------
    TextIO
        The real standard error, for lines of progress.
    """
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as kept, os.fdopen(os.dup(real), "w") as stderr:
        os.dup2(kept.fileno(), 2)
        try:
            yield stderr
        except (GenreError, OSError):
            raise  # one line says what it is
        except Exception:
            kept.seek(0)
            os.write(real, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)


def imported(name: str) -> Any:
    """Import a module without the lines that TensorFlow writes while it is imported, unless that fails."""
    with quiet():
        return import_module(name)
