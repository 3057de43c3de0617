"""Errors of MLflow's store, away, locked or full: one line, without secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from components.core.errors import StoreError

#: Characters of a reason in a message.
LONGEST = 300
#: Name and password in an address.
_CREDENTIALS = re.compile(r"://[^/@\s]+@")


@contextmanager
def reached() -> Iterator[None]:
    """Turn what MLflow raises about its store into a :class:`StoreError`; also a decorator.

    Raises
    ------
    StoreError
        Naming the store, the reason, and what was not lost.
    """
    try:
        yield
    except Exception as error:
        if not _of_the_store(error):
            raise
        import mlflow

        store, reason = masked(mlflow.get_tracking_uri()), _reason(error)
        raise StoreError(
            f"the MLflow store {store} failed ({reason}); what was computed is kept, `genre run` goes on from it"
        ) from error


def _of_the_store(error: Exception) -> bool:
    if isinstance(error, OSError):
        return True
    # What these raise comes from them, so they are imported by then; nothing else pays for their import.
    kinds = {"mlflow.exceptions": "MlflowException", "sqlalchemy.exc": "SQLAlchemyError"}
    known = [getattr(sys.modules[module], kind) for module, kind in kinds.items() if module in sys.modules]
    return isinstance(error, tuple(known))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    # SQLAlchemy adds the statement and a link, urllib3 the whole way down to the socket: the first line is enough.
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return masked(text.splitlines()[0])[:LONGEST].strip(" .")


def masked(text: str) -> str:
    """Return a text with the name and password of each address in it left out."""
    return _CREDENTIALS.sub("://…@", text)
