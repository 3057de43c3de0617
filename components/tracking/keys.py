"""Names of metrics and params in MLflow: grouped by a slash, and of any text.

MLflow's charts make a section of what stands before the slash; it takes letters, digits and few other characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

#: Characters of a key at most (``mlflow.utils.validation.MAX_ENTITY_KEY_LENGTH``).
LONGEST = 250
#: What MLflow refuses, and what has a meaning here: dot and slash. A space at an end is lost in some databases.
_ODD = re.compile(r"[^\w\- ]|^ | $")
#: Groups of figures that have none in their own name.
GROUPS = {
    "seconds": "time",
    "epochs": "time",
    "parameters": "size",
    "file_mib": "size",
    "peak_memory_mib": "size",
}
#: Where the figures of each epoch are.
CURVES = "epoch"


def part(text: str) -> str:
    """Escape any text as one part of a key: each character that MLflow does not take as its code point.

    Examples
    --------
    >>> part("hip-hop"), part("R&B"), part("Drum/Bass")
    ('hip-hop', 'R.26.B', 'Drum.2f.Bass')
    """
    return _ODD.sub(lambda found: f".{ord(found[0]):x}.", text)


def metric(name: str) -> str:
    """Return the key of a figure in MLflow.

    Parameters
    ----------
    name : str
        As in ``metrics.json``: ``<group>.<figure>``, ``<group>.recall.<genre>`` or one of :data:`GROUPS`.

    Examples
    --------
    >>> metric("test.song_accuracy"), metric("test.recall.R&B"), metric("seconds")
    ('test/song_accuracy', 'test/recall/R.26.B', 'time/seconds')
    """
    group, dot, figure = name.partition(".")
    if not dot:
        return short("/".join(part(one) for one in (GROUPS.get(name, ""), name) if one))
    # A genre may have a dot in its name, a figure has none.
    return short("/".join(map(part, (group, *figure.split(".", 1)))))


def param(name: str) -> str:
    """Return the key of a setting in MLflow, whose dots and slashes between other characters are kept.

    Examples
    --------
    >>> param("best.units_1"), param("tuner/epochs"), param("a & b")
    ('best.units_1', 'tuner/epochs', 'a .26. b')
    """
    pieces = re.split(r"([./])", name)
    if "" in pieces:
        return short(part(name))
    return short("".join(one if one in (".", "/") else part(one) for one in pieces))


def short(key: str) -> str:
    """Cut a key that is too long for MLflow, and end it with a hash of all of it."""
    if len(key) <= LONGEST:
        return key
    return f"{key[: LONGEST - 17]}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def escaped(genres: Iterable[str]) -> dict[str, str]:
    """Return the part of a key that stands for each genre, of those whose own name it is not."""
    return {genre: part(genre) for genre in genres if part(genre) != genre}


def plain(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return a run's figures by their names before grouping, whether they were logged with a slash or, once, a dot.

    Genres' names stay escaped.
    """
    found = {}
    for key, value in metrics.items():
        group, _, rest = key.partition("/")
        found[rest if GROUPS.get(rest) == group else key.replace("/", ".")] = value
    return found
