"""Where a file of the collection lies: on this machine, or in a bucket by URL, of which a copy is kept here."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Any

from components.core import atomic
from components.core.errors import CorpusError

#: Environment variable that names the folder of the copies; it changes no result.
CACHE = "GENRE_AUDIO_CACHE"
#: What a URL of a collection may begin with: filesystems that list folders and give each content a tag.
PROTOCOLS = ("s3",)


def is_remote(place: str | Path) -> bool:
    """Return whether a place is a URL rather than a path.

    Examples
    --------
    >>> is_remote("s3://music/by-genre"), is_remote("data/raw/gtzan")
    (True, False)
    """
    return "://" in str(place)


def check(place: str, *, key: str) -> None:
    """Check that a URL is of a kind that can be read.

    Raises
    ------
    CorpusError
        If it is not; the message names the key.
    """
    protocol, _, rest = place.partition("://")
    if protocol not in PROTOCOLS or not rest.strip("/"):
        valid = ", ".join(f"{name}://BUCKET/FOLDER" for name in PROTOCOLS)
        raise CorpusError(f"{key} is {place!r}; valid: a path, or {valid}")


def require_reachable(place: str, *, key: str) -> None:
    """Check that a URL is of a folder that can be listed.

    Raises
    ------
    CorpusError
        As :func:`check`, or with the reason why not: no such bucket, nothing below it, no rights, no server.
    """
    check(place, key=key)
    try:
        store, path = filesystem(place)
        try:
            store.info(path)
        except PermissionError:
            # S3 says why in the body of a response, and the one that describes a file has none.
            store.ls(path)
    except failures() as error:
        raise CorpusError(f"{key} is {place!r}, which cannot be read: {reason(error)}") from error


def filesystem(place: str) -> tuple[Any, str]:
    """Return the filesystem of a URL, and the URL's path on it.

    Keys and endpoint are those that every tool of AWS reads: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
    ``AWS_ENDPOINT_URL``, ``~/.aws``.
    """
    import fsspec

    return fsspec.url_to_fs(place)


def failures() -> tuple[type[Exception], ...]:
    """Return what a filesystem raises where a bucket cannot be reached or read."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError)


def reason(error: Exception) -> str:
    """Return why a bucket could not be read, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def cache() -> Path:
    """Return the folder of the copies: ``GENRE_AUDIO_CACHE``, or one below the user's own cache."""
    import platformdirs

    return Path(os.environ.get(CACHE) or platformdirs.user_cache_path("genre-workflow") / "audio")


def local(place: str | Path) -> Path:
    """Return a file on this machine: the file itself, or a copy of what a URL names now.

    Copies are named by URL and by the tag of the content (``ETag``), so that a file which has changed is copied
    anew and another process, or another machine with the same folder, finds what is there. A copy appears whole or
    not at all.

    Parameters
    ----------
    place : str or Path
        A path, or a URL.

    Raises
    ------
    FileNotFoundError, PermissionError
        If the bucket has no such file, or it may not be read. A path is not even looked at.
    CorpusError
        If the bucket cannot be reached.
    """
    if not is_remote(place):
        return Path(place)
    try:
        return _copy(str(place))
    except (FileNotFoundError, PermissionError):
        raise
    except failures() as error:
        raise CorpusError(f"{place} cannot be read: {reason(error)}") from error


def _copy(place: str) -> Path:
    store, path = filesystem(place)
    try:
        info = store.info(path)
    except PermissionError:
        # As above.
        store.cat_file(path, start=0, end=1)
        raise
    tag = info.get("ETag") or f"{info.get('size')} {info.get('LastModified')}"
    name = hashlib.sha256(f"{place} {tag}".encode()).hexdigest()
    # In folders by the first two digits: one folder of a hundred thousand files is slow on many filesystems.
    copy = cache() / name[:2] / f"{name}{PurePosixPath(path).suffix.lower()}"
    if not copy.exists():
        with atomic.replacing(copy) as temporary:
            store.get_file(path, str(temporary))
    return copy
