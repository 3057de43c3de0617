"""Published metadata of a collection: split lists and artist tables."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from components.config.params import Params
from components.core.errors import LeakError, ParamsError

#: The fault-filtered lists of GTZAN (443, 197 and 290 tracks), one track a line, published with C. Kereliuk,
#: B. L. Sturm, J. Larsen, "Deep Learning and Music Adversaries", IEEE Trans. Multimedia 17(11), 2015.
LISTS = {"train": "train_filtered.txt", "validation": "valid_filtered.txt", "test": "test_filtered.txt"}


def read_lists(folder: Path) -> dict[str, str]:
    """Read published split lists.

    Parameters
    ----------
    folder : Path
        Holds the three files of :data:`LISTS`.

    Returns
    -------
    dict of str to str
        Part of each track, by track id.

    Raises
    ------
    ParamsError
        If a list is missing.
    LeakError
        If a track is in two lists.
    """
    parts: dict[str, str] = {}
    for part, name in LISTS.items():
        path = folder / name
        if not path.is_file():
            raise ParamsError(
                f"corpus.published.lists: {path} is missing; valid: a folder with {', '.join(LISTS.values())}"
            )
        for line in path.read_text(encoding="utf-8").split():
            track = PurePosixPath(line).stem
            if parts.setdefault(track, part) != part:
                raise LeakError(f"track {track!r} is in the lists of both {parts[track]} and {part}")
    return parts


def read_artists(path: Path) -> dict[str, str]:
    """Read an artist table of lines ``file ::: artist ::: title``; ``##`` begins a comment.

    The form is that of B. L. Sturm's index of GTZAN (ACM MIRUM 2012).

    Parameters
    ----------
    path : Path
        The table.

    Returns
    -------
    dict of str to str
        Artist by track id; lines without an artist are left out.

    Raises
    ------
    ParamsError
        If the file is missing or names no artist.
    """
    if not path.is_file():
        raise ParamsError(
            f"corpus.published.artists: {path} is missing; valid: a table of 'file ::: artist ::: title'"
        )
    artists = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = [field.strip() for field in line.split(":::")]
        if len(fields) >= 2 and fields[1] and not line.startswith("##"):
            artists[PurePosixPath(fields[0]).stem] = fields[1].casefold()
    if not artists:
        raise ParamsError(
            f"corpus.published.artists: {path} names no artist; valid: 'file ::: artist ::: title'"
        )
    return artists


def find(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, str]:
    """Read what ``corpus.published`` names; relative paths start from the folder that holds ``root``.

    Parameters
    ----------
    name : str
        ``artists`` or ``lists``; a key of ``corpus.published``.

    Returns
    -------
    dict of str to str
        Artist or part of each track, by track id.

    Raises
    ------
    ParamsError
        If ``corpus.published`` does not name it, or what it names is missing.
    LeakError
        As :func:`read_lists`.
    """
    paths = {str(key): path for key, path in params.corpus.published.items()}
    if name not in paths:
        raise ParamsError(f"corpus.published has no {name!r}; valid: {', '.join(paths) or 'none'}")
    return {"artists": read_artists, "lists": read_lists}[name](Path(root).parent / paths[name])


def read(name: str, *, root: Path = Path("data")) -> dict[str, str]:
    """Read what the stage ``published`` took over, as :func:`find` returned it.

    Raises
    ------
    ParamsError
        If it was not taken over.
    """
    path = Path(root) / "corpus" / f"{name}.csv"
    if not path.is_file():
        raise ParamsError(f"{path} is missing; run `dvc repro published@{name}`")
    # An artist called "None" is not a missing one.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return dict(zip(table["track"], table[name], strict=True))
