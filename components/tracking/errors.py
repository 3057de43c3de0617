"""Errors of MLflow's store, away, locked or full: one line, without secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from components.core.errors import StoreError

#: Characters of a reason in a message.
LONGEST = 300
#: What MLflow's client, its database and its bucket raise: module and class.
KINDS = (
    ("mlflow.exceptions", "MlflowException"),
    ("sqlalchemy.exc", "SQLAlchemyError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("boto3.exceptions", "Boto3Error"),
)
#: Name and password in an address, before its host or among its options.
_CREDENTIALS = (
    # SQLAlchemy takes a slash as a part of a password.
    re.compile(r"(\b(?:postgresql|mysql|mssql)(?:\+\w+)?://)\S+(@)"),
    re.compile(r"(://)[^/\s]+(@)"),
    re.compile(r"(\bpassword=)[^&\s]+()", re.IGNORECASE),
)


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
        if not of_the_store(error):
            raise
        import mlflow

        store, reason = masked(mlflow.get_tracking_uri()), reason_of(error)
        raise StoreError(
            f"the MLflow store {store} failed ({reason}); what was computed is kept, `genre run` goes on from it"
        ) from error


def of_the_store(error: Exception) -> bool:
    """Return whether an exception is of MLflow's store: of its files, its database, its server or its bucket."""
    if isinstance(error, OSError):
        return True
    # What these raise comes from them, so they are imported by then; nothing else pays for their import.
    known = [getattr(sys.modules[module], kind) for module, kind in KINDS if module in sys.modules]
    return isinstance(error, tuple(known))


def is_missing(error: Exception) -> bool:
    """Return whether an exception is MLflow's of a run, model, version or alias that does not exist."""
    # By its code: MLflow need not be imported.
    return getattr(error, "error_code", None) in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def reason_of(error: Exception) -> str:
    """Return why the store failed, in one line without secrets."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    # A database's own reason may be in its last line; SQLAlchemy adds the statement and a link, urllib3 the whole way
    # down to the socket: of these the first line is enough.
    own = " ".join(str(getattr(error, "orig", None) or "").split())
    text = own or str(error).strip() or type(error).__name__
    return masked(text.splitlines()[0])[:LONGEST].strip(" .")


def masked(text: str) -> str:
    """Return a text with the name and password of each address in it left out."""
    for pattern in _CREDENTIALS:
        text = pattern.sub(r"\1…\2", text)
    return text
