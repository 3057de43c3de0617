"""Batch scoring of a watched folder: predictions of its new songs as Parquet, and their drift."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from components.config.params import Params
from components.core import atomic, progress
from components.core.errors import ScoringError
from components.core.formatting import printable
from components.core.progress import Place
from components.evaluation.aggregation import PREFIX
from components.serving import drift, hashed_files, load, predict, prediction
from components.serving.drift import ColumnDrift, Drift
from components.serving.load import LoadedModel
from components.serving.prediction import Prediction

#: Where predictions are kept, below the data folder: one folder a model, one file a part of a run.
SCORES = "scores"
#: Songs of one file; what is lost where a run is killed.
PART = 128
#: Columns of the watched feature begin with this.
WATCHED = "feature."
#: Columns beside the probabilities and the watched ones.
COLUMNS = (
    "file", "sha256", "scored_at", "model", "uri", "run_id", "weights_sha256", *prediction.COLUMNS, "reason",
)  # fmt: skip
#: What the last measurement found; the underscore keeps it out of the table that the folder is.
DRIFT = "_drift.json"
#: What is known of a folder's files, by the folder: one model may score several.
FILES = "_files-{}.json"


@dataclass(frozen=True)
class Scored:
    """Result of one scoring run, and the drift of the folder.

    Attributes
    ----------
    model : str
        The model's name; ``''`` where the folder is empty, so that none was loaded.
    uri : str
        Its address.
    scores : Path
        Where its predictions are.
    fresh : DataFrame
        What this run wrote, one row a song; see :func:`run`.
    known : int
        Files that were given a genre before, by their content.
    unread : dict of str to str
        Other files without a genre, with the reason: what could not even be opened, which the next run tries again, and
        what an earlier run could not decode.
    drift : Drift or None
        None where nothing was ever scored.
    copies : int
        Files with the content of another one of this run.
    """

    model: str
    uri: str
    scores: Path
    fresh: pd.DataFrame = field(default_factory=pd.DataFrame)
    known: int = 0
    unread: dict[str, str] = field(default_factory=dict)
    drift: Drift | None = None
    copies: int = 0

    @property
    def genres(self) -> dict[str, int]:
        """Songs of this run by genre, the most frequent first."""
        return _counts(self.fresh)


def run(
    folder: Path,
    *,
    params: Params,
    model: str | None = None,
    window: int = 200,
    root: Path = Path("data"),
    to: Place = None,
) -> Scored:
    """Score what is new in a folder.

    Each row written is a song: ``file`` (below the folder), ``sha256`` (of its bytes), ``scored_at`` (UTC),
    ``model``, ``uri``, ``run_id``, ``weights_sha256``, the fields of its
    :class:`components.serving.prediction.Prediction`, ``reason`` (why there is no genre), ``probability.<genre>``, and
    the watched columns of its feature.

    Parameters
    ----------
    folder : Path
        Searched at any depth.
    params : Params
        For the registered model's name.
    model : str, optional
        See :func:`components.serving.load.address`; the champion by default.
    window : int
        Songs, the newest, that drift is measured over.
    root : Path
        The data folder.
    to : TextIO or callable, optional
        Where progress is shown; see :func:`components.core.progress.counted`.

    Returns
    -------
    Scored
        A song is known by its bytes and the model's weights: under another name, or in a
        second run, it is not scored again.

    Raises
    ------
    ScoringError
        If the folder does not exist, or another run is scoring.
    RegistryError
        If there is no such model.
    """
    if not folder.is_dir():
        raise ScoringError(f"{folder} is not a folder; valid: a folder of songs (make it: mkdir -p {folder})")
    files = predict.below(folder, follow_links=params.corpus.follow_links, to=to)
    if not files:
        return Scored(model="", uri="", scores=root / SCORES)
    client = load.store()
    uri = load.address(client, model, params=params)
    tags = load.run_of(client, uri).data.tags
    name = tags["model"]
    scores = root / SCORES / f"{name}-{tags['weights_sha256'][:12]}"
    scores.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(scores / "_lock").acquire(timeout=0):
            hashes, unread = hashed_files.hashes(files, kept=scores / _known_files(folder), to=to)
            known: dict[str, str] = {}
            for part in _parts(scores):
                before = pd.read_parquet(part, columns=["sha256", "reason"])
                known |= dict(zip(before["sha256"], before["reason"], strict=True))
            fresh = {sha256: file for file, sha256 in reversed(hashes.items()) if sha256 not in known}
            unread |= {file: reason for file, sha256 in hashes.items() if (reason := known.get(sha256))}
            rows = pd.DataFrame()
            if fresh:
                loaded = load.load(client, uri, unsure=params.unsure)
                rows = _score(fresh, folder=folder, loaded=loaded, scores=scores, to=to)
                _measure(scores, reference=loaded.model.reference, window=window)
            measured = scores / DRIFT
            return Scored(
                model=name,
                uri=uri,
                scores=scores,
                fresh=rows,
                known=sum(not known.get(sha256, "new") for sha256 in hashes.values()),
                copies=sum(sha256 in fresh for sha256 in hashes.values()) - len(fresh),
                unread={_shown(file, folder=folder): reason for file, reason in unread.items()},
                drift=Drift.model_validate_json(measured.read_bytes()) if measured.is_file() else None,
            )
    except Timeout as error:
        raise ScoringError(f"another run is writing to {scores}; valid: to wait for its end") from error


def _known_files(folder: Path) -> str:
    return FILES.format(hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16])


def _shown(file: Path, *, folder: Path) -> str:
    """Return what tables call a file: they hold UTF-8 alone."""
    return printable(str(file.relative_to(folder)))


def _score(
    fresh: dict[str, Path], *, folder: Path, loaded: LoadedModel, scores: Path, to: Place
) -> pd.DataFrame:
    files = sorted((file, sha256) for sha256, file in fresh.items())
    about = {"model": loaded.name, "uri": loaded.uri, "run_id": loaded.run_id}
    about["weights_sha256"] = loaded.model.record.weights_sha256
    # Every part has every column, also where no song of it could be decoded, so that the folder reads as one table.
    probabilities = [PREFIX + genre for genre in loaded.genres]
    columns = [*COLUMNS, *probabilities, *(WATCHED + name for name in loaded.model.reference.columns)]
    rows: list[dict[str, Any]] = []
    written = []
    predictions = predict.predict([file for file, _ in files], model=loaded)
    predictions = progress.each(predictions, loaded.name, total=len(files), unit="songs", to=to)
    for done, ((file, sha256), one) in enumerate(zip(files, predictions, strict=True), start=1):
        song = {"file": _shown(file, folder=folder), "sha256": sha256, "scored_at": datetime.now(UTC)}
        song |= about | (one.prediction or Prediction()).as_row() | {"reason": one.reason}
        rows.append(song | {WATCHED + name: value for name, value in one.watched.items()})
        if len(rows) == PART or done == len(files):
            written.append(pd.DataFrame(rows).reindex(columns=columns))
            # Named by its content, so a part that is written twice is there once.
            name = hashlib.sha256("".join(written[-1]["sha256"]).encode()).hexdigest()[:16]
            with atomic.replacing(scores / f"{name}.parquet") as path:
                written[-1].to_parquet(path, index=False)
            rows = []
    return pd.concat(written, ignore_index=True)


def _measure(scores: Path, *, reference: pd.DataFrame, window: int) -> None:
    table = read(scores)
    newest = table[table["genre"] != ""].sort_values("scored_at", kind="stable").tail(window)
    if newest.empty:
        return
    columns = drift.measure(newest[[WATCHED + column for column in reference.columns]], reference=reference)
    found = Drift(
        share=float(columns["drifted"].mean()),
        songs=len(newest),
        reference=len(reference),
        columns=[ColumnDrift(**column) for column in columns.head(10).to_dict("records")],
        genres=_counts(newest),
    )
    atomic.write_json(scores / DRIFT, found.model_dump(mode="json"))


def read(scores: Path) -> pd.DataFrame:
    """Read all predictions of a model from :attr:`Scored.scores`, one row a song; see :func:`run`.

    Raises
    ------
    ScoringError
        If nothing was scored there.
    """
    parts = _parts(scores)
    if not parts:
        raise ScoringError(f"{scores} holds no scores; valid: a folder below data/{SCORES} with parts in it")
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def _parts(scores: Path) -> list[Path]:
    return sorted(scores.glob("[!._]*.parquet"))


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return table["genre"].value_counts().drop("", errors="ignore").to_dict() if len(table) else {}
