"""Download of GTZAN through mirdata, which knows its addresses and checksums, and of the table of its artists."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from components.core import atomic
from components.core.errors import CorpusError, ParamsError

#: Name of the collection -> mirdata's version of its ``gtzan_genre`` data set, and the archive in it.
COLLECTIONS = {"gtzan-mini": ("mini", "mini"), "gtzan": ("1.0", "all")}
#: Name of the table of artists, of B. L. Sturm, "An Analysis of the GTZAN Music Genre Dataset", ACM MIRUM 2012, as
#: U. Marchand, Q. Fresnel and G. Peeters distribute it with GTZAN-Rhythm (ISMIR 2015, late-breaking session).
ARTISTS = "gtzan-artists"
#: Where it lies at one commit, and its SHA-256.
ARTISTS_URL = (
    "https://raw.githubusercontent.com/seungheondoh/gtzan-bind/3f05b847d73cc26623733369b52359975b2f1639/"
    "dataset/rhythm/marchand2015swing/GTZANindex.txt"
)
ARTISTS_SHA256 = "7bc7140f082cccd72046ec7c6e9b9c211a7491f6e7ede38fddafc63058559833"
#: Seconds without one byte after which the network counts as gone.
SILENCE = 60.0


def run(name: str, *, root: Path = Path("data")) -> Path:
    """Download one collection to ``ROOT/raw/NAME``, one subfolder a genre, whole or not at all, and its artists.

    Parameters
    ----------
    name : str
        A key of :data:`COLLECTIONS`, or :data:`ARTISTS` for the table alone: ``ROOT/raw/gtzan-artists.txt``.

    Returns
    -------
    Path
        The collection's folder, or the table. What is there is left as it is.

    Raises
    ------
    ParamsError
        If there is no collection of this name.
    CorpusError
        If it cannot be downloaded, a checksum is wrong, or tracks are missing.
    """
    if name not in (*COLLECTIONS, ARTISTS):
        raise ParamsError(f"collection {name!r} is not known; valid: {', '.join((*COLLECTIONS, ARTISTS))}")
    console = Console(stderr=True)
    if name == ARTISTS:
        return _artists(root, console=console)
    folder = _collection(name, root=root, console=console)
    _artists(root, console=console)
    return folder


def _artists(root: Path, *, console: Console) -> Path:
    import pooch

    target = Path(root) / "raw" / f"{ARTISTS}.txt"
    if target.exists():
        console.print(f"{target} is already there; remove it to download it again", markup=False)
        return target
    _writable(target.parent)
    fetch = pooch.HTTPDownloader(progressbar=False, timeout=SILENCE)
    try:
        with _quiet():
            pooch.retrieve(
                ARTISTS_URL,
                f"sha256:{ARTISTS_SHA256}",
                fname=target.name,
                path=target.parent,
                downloader=fetch,
            )
    except (OSError, ValueError) as error:
        # requests' errors are OSErrors; a wrong checksum is a ValueError, and the file is removed again.
        reason = "its checksum is wrong" if isinstance(error, ValueError) else type(error).__name__
        raise CorpusError(
            f"the artists of GTZAN cannot be downloaded ({reason}); try `genre download {ARTISTS}` again online, or "
            f"put a table 'file ::: artist ::: title' into {target}"
        ) from error
    console.print(f"artists of GTZAN's 1,000 tracks in {target}, checksum right", markup=False)
    return target


def _collection(name: str, *, root: Path, console: Console) -> Path:
    target = Path(root) / "raw" / name
    if target.exists():
        console.print(f"{target} is already there; remove it to download {name} again", markup=False)
        return target
    _writable(target.parent)
    atomic.sweep(target.parent)
    # Beside the target, so that the last step is a rename; an interrupted download leaves nothing.
    with TemporaryDirectory(dir=target.parent, prefix=atomic.prefix()) as home:
        folder, count = _fetch(name, home=Path(home))
        folder.replace(target)
    console.print(f"{name}: {count} tracks in {target}, checksums right", markup=False)
    return target


def _writable(folder: Path) -> None:
    """Make the folder that a download goes to; a fault of this machine is none of the network."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        raise CorpusError(f"{folder} cannot be written ({reason}); valid: a writable folder")


def _fetch(name: str, *, home: Path) -> tuple[Path, int]:
    """Return the folder that holds one subfolder a genre, and how many tracks it has."""
    import mirdata
    from mirdata.validate import validate_files

    version, archive = COLLECTIONS[name]
    dataset = mirdata.initialize("gtzan_genre", data_home=str(home), version=version)
    own = f"or put tracks of your own into data/raw/{name}/<genre>/"
    try:
        with _quiet():
            dataset.download(partial_download=[archive], cleanup=True)
    except OSError as error:
        # urllib's errors, time-outs, a full disk and a wrong checksum, verified before anything is unpacked.
        reason = " ".join(str(getattr(error, "reason", None) or error).replace(str(home), "").split())
        raise CorpusError(f"{name} cannot be downloaded ({reason}); try again online, {own}") from error
    audio: dict[str, Any] = {
        track: {"audio": files["audio"]} for track, files in dataset._index["tracks"].items()
    }
    missing, wrong = validate_files(audio, str(home), verbose=False)
    if missing or wrong:
        some = ", ".join([*missing, *wrong][:5])
        raise CorpusError(
            f"{name}: {len(missing)} tracks are missing and {len(wrong)} have a wrong checksum ({some} …); "
            f"download it again, {own}"
        )
    folders = {(home / files["audio"][0]).parent.parent for files in audio.values()}
    if len(folders) != 1:
        raise CorpusError(f"{name}: tracks in {len(folders)} folders; valid: one, with a subfolder a genre")
    return folders.pop(), len(audio)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence mirdata's log, which repeats the error, and end a download after ``SILENCE``; its bar stays."""
    disabled, timeout = logging.root.manager.disable, socket.getdefaulttimeout()
    logging.disable(logging.CRITICAL)
    socket.setdefaulttimeout(SILENCE)
    try:
        yield
    finally:
        logging.disable(disabled)
        socket.setdefaulttimeout(timeout)
