"""Stage ``ensemble``: weights of the members chosen on validation songs, and their weighted mean, tested once."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pandas as pd

from components.config.params import ENSEMBLE, Params
from components.core import atomic
from components.core.errors import TrainingError
from components.core.processes import peak_memory_mib
from components.evaluation import aggregation, balance, diagnostics
from components.results import calibration, ensemble
from components.results.calibration import Calibration
from components.results.predict import score
from components.results.record import EnsembleRecord, MemberRecord, TrainingRecord, folder
from components.splits import store as split_store


def run(*, params: Params, root: Path = Path("data")) -> dict[str, float]:
    """Average the members' predictions: the stage ``ensemble``.

    Writes ``ensemble/`` whole or not at all: ``metrics.json``, ``predictions.parquet`` (one row a song),
    ``training.json``, ``songs.parquet``. Without members ``training.json`` alone, which says so. Members' validation
    predictions are those of their first fits, which have not seen these songs; weights and temperature are chosen on
    them, so that figures of validation songs are a little too good.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    dict of str to float
        What ``metrics.json`` holds; empty without members.

    Raises
    ------
    TrainingError
        If a member was not trained, or members are of several splits, label orders, features or songs.
    """
    chosen = params.ensemble
    target = folder(ENSEMBLE, root=root)
    if not chosen.members:
        with atomic.replacing_folder(target) as written:
            atomic.write_json(written / EnsembleRecord.FILE, {"model": ENSEMBLE, "members": []})
        return {}
    began = time.perf_counter()
    records = [TrainingRecord.read(folder(name, root=root)) for name in chosen.members]
    check_members(records, fingerprint=split_store.record(root).fingerprint)
    genres = records[0].genres
    members = {
        record.model: aggregation.songs(
            pd.read_parquet(folder(record.model, root=root) / "predictions.parquet")
        )
        for record in records
    }
    check_songs(members)
    validation = [table[table["part"] == "validation"] for table in members.values()]
    weights = ensemble.choose_weights(
        np.stack([table["given"].to_numpy() for table in validation]), shrinkage=chosen.shrinkage
    )
    plain = combined(members, genres=genres, weights=weights, temperature=1.0)
    scaling = Calibration(reason="ensemble.calibrate is false")
    if chosen.calibrate:
        scaling = calibration.fit(plain[plain["part"] == "validation"], genres=genres)
    predictions = combined(members, genres=genres, weights=weights, temperature=scaling.temperature)
    metrics = score(predictions, genres=genres, seed=params.seed)
    first = records[0]
    record = EnsembleRecord(
        model=ENSEMBLE,
        preset=params.preset,
        genres=genres,
        calibration=scaling,
        seed=params.seed,
        protocol=first.protocol,
        artists=first.artists,
        confounded=first.confounded,
        genre_counts=first.genre_counts,
        fingerprint=first.fingerprint,
        train_tracks=sorted({track for one in records for track in one.train_tracks}),
        validation_tracks=sorted({track for one in records for track in one.validation_tracks}),
        weights_sha256=_hash(records, weights=weights, temperature=scaling.temperature),
        parameters=sum(one.parameters for one in records),
        file_bytes=sum(one.file_bytes for one in records),
        seconds=time.perf_counter() - began + sum(one.seconds for one in records),
        peak_memory_mib=max(peak_memory_mib(), *(one.peak_memory_mib for one in records)),
        device="; ".join(sorted({one.device for one in records})),
        warnings=[str(one) for one in diagnostics.never_named(balance.unnamed(predictions, genres=genres))],
        params=params,
        members=[
            MemberRecord(weight=weight, record=one)
            for weight, one in zip(weights.tolist(), records, strict=True)
        ],
    )
    print(f"{ENSEMBLE}: {record.about}; temperature {scaling}", flush=True)
    with atomic.replacing_folder(target) as written:
        predictions.to_parquet(written / "predictions.parquet", index=False)
        atomic.write_json(written / "metrics.json", metrics)
        songs = pd.read_parquet(folder(first.model, root=root) / "songs.parquet")
        songs.assign(fitted=songs["track"].isin(record.train_tracks)).to_parquet(
            written / "songs.parquet", index=False
        )
        record.write(written / record.FILE)
    return metrics


def check_members(records: list[TrainingRecord], *, fingerprint: str) -> None:
    """Fail where members cannot be averaged.

    Raises
    ------
    TrainingError
        If one was trained on another split than the present one, of this fingerprint; if they have other label orders,
        or one feature's name has two meanings.
    """
    first = records[0]
    for one in records:
        if one.fingerprint != fingerprint:
            raise TrainingError(
                f"{ENSEMBLE}: {one.model} was trained on split {one.fingerprint[:12]}, the present one is "
                f"{fingerprint[:12]}; run `dvc repro {one.stage(one.model)}`"
            )
        if one.genres != first.genres:
            raise TrainingError(
                f"{ENSEMBLE}: {one.model} knows genres {', '.join(one.genres)}, {first.model} "
                f"{', '.join(first.genres)}; valid: the same"
            )
    known = {one.feature.feature: one for one in reversed(records)}
    for one in records:
        if one.feature != (other := known[one.feature.feature]).feature:
            raise TrainingError(
                f"{ENSEMBLE}: {one.feature.feature} of {one.model} is not that of {other.model}; run "
                f"`dvc repro train@{one.model} train@{other.model}`"
            )


def check_songs(members: dict[str, pd.DataFrame]) -> None:
    """Fail where members have predictions of different songs.

    Raises
    ------
    TrainingError
        Naming a song.
    """
    (first, table), *others = members.items()
    songs = set(table[["part", "track"]].itertuples(index=False, name=None))
    for name, other in others:
        if alone := sorted(songs ^ set(other[["part", "track"]].itertuples(index=False, name=None))):
            part, track = alone[0]
            raise TrainingError(
                f"{ENSEMBLE}: {len(alone)} songs have predictions of only one of {first} and {name}, {part} song "
                f"{track!r} among them; valid: members whose features are of the same tracks"
            )


def combined(
    members: dict[str, pd.DataFrame], *, genres: list[str], weights: np.ndarray, temperature: float
) -> pd.DataFrame:
    """Average members' songs.

    Parameters
    ----------
    members : dict of str to DataFrame
        From :func:`components.evaluation.aggregation.songs`, each of the same songs in the same order.
    genres : list of str
        Label order.
    weights : ndarray, shape (members,)
        They sum to 1.
    temperature : float
        Of the mean.

    Returns
    -------
    DataFrame
        Predictions, one row a song: ``segment`` is -1, as of a feature of whole tracks.
    """
    tables = list(members.values())
    values = ensemble.mean(
        [aggregation.probabilities(table, genres=genres) for table in tables],
        weights=weights.tolist(),
        temperature=temperature,
    )
    return aggregation.table(tables[0].assign(segment=-1), values=values, genres=genres)


def _hash(records: list[TrainingRecord], *, weights: np.ndarray, temperature: float) -> str:
    digest = hashlib.sha256(f"{temperature!r}".encode())
    for record, weight in zip(records, weights.tolist(), strict=True):
        digest.update(f"{record.model} {record.weights_sha256} {weight!r}".encode())
    return digest.hexdigest()
