"""What MLflow's store answers when it is not there, locked or full: one line, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from components.core.errors import GenreError, StoreError

#: Characters of a reason that are told.
LONGEST = 300
#: Name and password in an address.
_CREDENTIALS = re.compile(r"://[^/@\s]+@")


@contextmanager
def reached() -> Iterator[None]:
    """Turn what MLflow raises about its store into a :class:`StoreError`; also a decorator.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    StoreError
        Naming the store, the reason, and what was not lost.
    """
    import requests
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    try:
        yield
    except GenreError:
        raise
    except (MlflowException, sqlalchemy.exc.SQLAlchemyError, requests.RequestException) as error:
        raise StoreError(_line(_reason(error))) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise StoreError(_line(f"{place}{error.strerror or error}")) from error


def masked(text: str) -> str:
    """Return a text with the name and password of each address in it left out."""
    return _CREDENTIALS.sub("://…@", text)


def _line(reason: str) -> str:
    import mlflow

    store = masked(mlflow.get_tracking_uri())
    return (
        f"the MLflow store {store} failed ({reason}); what was computed is kept, `genre run` goes on from it"
    )


def _reason(error: Exception) -> str:
    # SQLAlchemy adds the statement and a link, urllib3 the whole way down to the socket: the first line says it.
    text = str(getattr(error, "orig", None) or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    return masked(lines[0])[:LONGEST].rstrip(".")
