"""Recognition of what a model was trained on: the same file or recording, the same artist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from components.config.params import CorpusParams
from components.core import hashing, processes
from components.core.errors import AudioError, EvaluationError
from components.corpus import audio, credits, recordings
from components.corpus.audio_files import Measured
from components.tracking import integrity

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Where a song stands to a model's training; see :func:`groups`.
Group = Literal["new_artists", "new_songs", "trained_artists", "trained_songs"]
GROUPS: tuple[Group, ...] = get_args(Group)
#: What each is called where a person reads it.
TITLES: dict[Group, str] = {
    "new_artists": "new artists",
    "new_songs": "new songs, artists unknown",
    "trained_artists": "artists it was trained on",
    "trained_songs": "songs it was trained on",
}
#: Columns of the songs that a model was trained on; ``sound_sha256`` is of the decoded mono float32 samples.
COLUMNS = ("track", "part", "fitted", "genre", "artist", "sha256", "sound_sha256", "fingerprint")
#: Those by which a recording is known.
KNOWN_BY = ("sha256", "sound_sha256", "fingerprint")
#: The file of those songs among a logged model's artifacts.
SONGS = "songs.parquet"


@dataclass(frozen=True)
class Identity:
    """What a file is known by, or why it cannot be decoded.

    Attributes
    ----------
    sha256 : str
        Of its bytes.
    sound_sha256 : str
        Of its decoded samples: mono, float32.
    fingerprint : str
        Of its sound, see :mod:`components.corpus.fingerprint`.
    reason : str
        ``''`` where it was decoded.
    """

    sha256: str = ""
    sound_sha256: str = ""
    fingerprint: str = ""
    reason: str = ""


def identify(files: Sequence[Path], *, limits: CorpusParams) -> Iterator[Identity]:
    """Hash each file and its decoded sound, and take the fingerprint, in order, a few side by side.

    Parameters
    ----------
    files : sequence of Path
        Audio files.
    limits : CorpusParams
        For ``max_seconds`` and ``max_bytes``.
    """
    workers = min(4, processes.cores())
    with ThreadPoolExecutor(workers) as pool:
        # A few at a time: what is waiting would be decoded before an interrupt ends the pool.
        for first in range(0, len(files), workers):
            yield from pool.map(lambda file: _identity(file, limits=limits), files[first : first + workers])


def _identity(file: Path, *, limits: CorpusParams) -> Identity:
    try:
        played = audio.play(file, make=Measured, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
        sound = played.receiver
        return Identity(hashing.file(file), sound.sha256, sound.fingerprint)
    except AudioError as error:
        return Identity(reason=str(error))
    except OSError as error:
        return Identity(reason=(error.strerror or type(error).__name__).lower())


def repeats(identities: Iterable[tuple[str, Identity]]) -> dict[str, str]:
    """Find the songs that are the same recording as an earlier one.

    Parameters
    ----------
    identities : iterable of (str, Identity)
        Songs' names, sorted, and what they are known by.

    Returns
    -------
    dict of str to str
        The first song of that recording, by the name of each later one.
    """
    known = [{"track": name, **asdict(identity)} for name, identity in identities if not identity.reason]
    songs = pd.DataFrame(known, columns=["track", *(field.name for field in fields(Identity))])
    pairs = zip(songs["track"], recordings.of(songs), strict=True)
    return {name: first for name, first in pairs if first not in ("", name)}


def training_songs(client: MlflowClient, uri: str) -> pd.DataFrame:
    """Read the songs of the split that a logged model comes from; its files are checked first.

    Returns
    -------
    DataFrame
        One row a song, columns as :data:`COLUMNS`.

    Raises
    ------
    EvaluationError
        If the model was logged without them, so that nothing could be recognised.
    RegistryError
        If the model does not exist, or was altered.
    """
    path = integrity.checked(client, uri) / "artifacts" / SONGS
    if not path.is_file():
        raise EvaluationError(
            f"{uri} was logged without the songs it was trained on ({SONGS}), so none could be recognised; valid: a "
            "model that `genre run` has trained since"
        )
    return pd.read_parquet(path)


def groups(songs: pd.DataFrame, *, training: pd.DataFrame) -> pd.DataFrame:
    """Sort songs by where they stand to a model's training.

    A model was trained on the songs that it was fitted on and on those of validation, which ended its fit and chose its
    hyperparameters; not on the songs of test.

    Parameters
    ----------
    songs : DataFrame
        Columns ``sha256``, ``sound_sha256``, ``fingerprint``, ``artist`` ('' where it is not known), one row a song.
    training : DataFrame
        From :func:`training_songs`.

    Returns
    -------
    DataFrame
        With the index of ``songs``. ``group``: ``trained_songs`` (the same file or recording), ``trained_artists``
        (another song of such an artist), ``new_artists``, or ``new_songs`` (the song's artist, or all of the
        training's, are unknown). ``recognised``: the track that a trained song is, the artist of a trained artist, else
        ``''``.
    """
    used = training[training["fitted"] | (training["part"] == "validation")]
    artists = {credits.artist_of(artist) for artist in used["artist"]} - {""}
    rows: list[tuple[Group, str]] = []
    for song, track in zip(songs.itertuples(), recognised(songs, used=used), strict=True):
        artist = credits.artist_of(song.artist)
        if track:
            rows.append(("trained_songs", track))
        elif artist and artist in artists:
            rows.append(("trained_artists", song.artist))
        elif artist and artists:
            rows.append(("new_artists", ""))
        else:
            rows.append(("new_songs", ""))
    return pd.DataFrame(rows, columns=["group", "recognised"], index=songs.index)


def recognised(songs: pd.DataFrame, *, used: pd.DataFrame) -> list[str]:
    """Return the training's track that each song is a recording of, '' where there is none.

    Names play no part: another collection has other songs under the same ones.

    Parameters
    ----------
    songs : DataFrame
        Columns :data:`KNOWN_BY`, one row a song.
    used : DataFrame
        Songs of the training: ``track`` and, as far as they were logged, :data:`KNOWN_BY`.
    """
    # Of a recording in several files the first by name is returned: the training's come first.
    both = pd.concat(
        [used.assign(track="0" + used["track"].astype(str)), songs.assign(track="1")], ignore_index=True
    )
    # A model that was logged before has no fingerprints.
    found = recordings.of(both.reindex(columns=["track", *KNOWN_BY]).fillna(""))
    return [name[1:] if name.startswith("0") else "" for name in found.iloc[len(used) :]]


def headline(groups: pd.Series) -> Group | None:
    """Return the group that a headline is of: songs of new artists where artists of most new songs are known.

    Parameters
    ----------
    groups : Series of str
        The column ``group`` of :func:`groups`.

    Returns
    -------
    str or None
        ``new_artists`` or ``new_songs``; None where no song is new.
    """
    artists, songs = (int((groups == name).sum()) for name in ("new_artists", "new_songs"))
    if not artists and not songs:
        return None
    return "new_artists" if artists > songs else "new_songs"
