"""A playlist a genre: extended M3U in UTF-8, which nearly every player opens."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.core import atomic
from components.core.formatting import printable


def write(folder: Path, genres: Mapping[str, Sequence[tuple[Path, float]]]) -> list[Path]:
    """Write ``<genre>.m3u8`` for each genre; playlists of other names are left alone.

    Parameters
    ----------
    folder : Path
        Made where missing.
    genres : mapping of str to sequence of (Path, float)
        The files of each genre and their seconds, 0 where not known. Paths are written relative to the folder, so
        that both can be moved together.

    Returns
    -------
    list of Path
        The playlists, in order of genre.
    """
    written: list[Path] = []
    for genre, songs in sorted(genres.items()):
        lines = ["#EXTM3U", f"#PLAYLIST:{printable(genre)}"]
        for path, seconds in songs:
            place = os.path.relpath(path.resolve(), folder.resolve())
            # A line that begins with # would be a comment.
            place = f"./{place}" if place.startswith("#") else place
            # A name of several lines can be written as a URL alone.
            place = path.resolve().as_uri() if len(place.splitlines()) > 1 else place
            lines += [f"#EXTINF:{round(seconds) if seconds else -1},{printable(path.stem)}", place]
        target = folder / f"{name(genre, taken=[one.stem for one in written])}.m3u8"
        with atomic.replacing(target) as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
        written.append(target)
    return written


def name(genre: str, *, taken: Sequence[str]) -> str:
    """Make a file's name of a genre's: what a file system of any kind refuses becomes ``-``.

    Examples
    --------
    >>> name("R&B / Soul", taken=[])
    'R&B - Soul'
    """
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", genre).strip(". ")
    # Names may have 255 bytes; a few are for a number and the suffix.
    stem = stem.encode(errors="ignore")[:200].decode(errors="ignore") or "genre"
    used = {one.casefold() for one in taken}
    number, made = 1, stem
    while made.casefold() in used:
        number, made = number + 1, f"{stem} {number + 1}"
    return made
