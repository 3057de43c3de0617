"""Evaluation of logged models on labelled music: the songs, what each model knows of them, and its predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from humanize import natural_list

from components.config.params import Params
from components.core import atomic, progress
from components.core.errors import EvaluationError, ParamsError, PredictionsError
from components.core.progress import Place
from components.corpus import credits
from components.evaluation import clusters, metrics, significance
from components.evaluation.pair import Pair
from components.external_evaluation import labels as labelled
from components.external_evaluation import measure, predictions, recognition
from components.external_evaluation.labels import LabelledMusic, Song
from components.external_evaluation.recognition import Identity
from components.external_evaluation.record import EvaluatedModel, Evaluation
from components.serving import load
from components.serving.load import LoadedModel
from components.tracking import keys

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Where results lie, below the data folder: one folder for each name of a folder or manifest.
FOLDER = "evaluations"
#: Files of a result beside its record.
PAGE, TABLE = "index.html", "songs"
#: Songs that a message names.
NAMED = 3


@dataclass(frozen=True)
class Selected:
    """A model that is to be evaluated, not loaded yet."""

    label: str
    uri: str
    run: Run
    training: pd.DataFrame

    @property
    def genres(self) -> list[str]:
        """The genres in label order, as the model writes them."""
        return list(json.loads(self.run.data.tags["genres"]))


@dataclass(frozen=True)
class Result:
    """An evaluation, and the songs that it is of.

    Attributes
    ----------
    record : Evaluation
        The figures.
    songs : DataFrame
        One row a model and song: ``model`` (its label), the columns of
        :func:`components.external_evaluation.predictions.table`, ``sha256``, ``sound_sha256``, ``group`` and
        ``recognised`` (see :func:`components.external_evaluation.recognition.groups`), ``headline`` (bool) and
        ``cluster``.
    """

    record: Evaluation
    songs: pd.DataFrame


def run(
    place: Path,
    *,
    params: Params,
    models: Sequence[str | None] = (None,),
    labels: str = labelled.FOLDERS,
    artists: Path | None = None,
    limit: int | None = None,
    to: Place = None,
) -> Result:
    """Evaluate logged models on the same labelled songs.

    Parameters
    ----------
    place : Path
        A folder, or a manifest; see :func:`components.external_evaluation.labels.read`.
    params : Params
        For the registered model's name, the seed, and what may be decoded.
    models : sequence of str or None
        See :func:`components.serving.load.address`; None is the champion.
    labels, artists
        See :func:`components.external_evaluation.labels.read`.
    limit : int, optional
        At most so many songs a genre, drawn by ``params.seed``.
    to : TextIO or callable, optional
        Where progress is shown; see :func:`components.core.progress.counted`.

    Raises
    ------
    EvaluationError
        If there is no labelled song, none of a genre that the models know, none that can be decoded, or a model was
        logged without the songs it was trained on.
    ParamsError
        If there is no such model, or a manifest or table is not valid.
    RegistryError
        If there is no champion, or a model was altered.
    """
    if limit is not None and limit < 1:
        raise ParamsError(f"--limit is {limit}; valid: 1 song a genre or more")
    music = labelled.read(
        place, labels=labels, artists=artists, follow_links=params.corpus.follow_links, to=to
    )
    client = load.store()
    selected = select(client, models, params=params)
    spelling = _spelling(selected)
    songs, unknown = known_genres(music, spelling=spelling, selected=selected)
    chosen = drawn(songs, limit=limit, seed=params.seed)
    left_out = dict(music.left_out)

    found = recognition.identify([song.file for song in chosen], limits=params.corpus)
    found = progress.each(found, "decode", total=len(chosen), unit="songs", to=to)
    identities: dict[str, Identity] = {song.name: one for song, one in zip(chosen, found, strict=True)}
    left_out |= {name: one.reason for name, one in identities.items() if one.reason}
    repeated = recognition.repeats(identities.items())
    left_out |= {name: f"is the same recording as {first}" for name, first in repeated.items()}
    usable = [song for song in chosen if song.name not in left_out]
    _require(usable, left_out=left_out, place=place)

    tables: dict[str, pd.DataFrame] = {}
    facts: dict[str, dict[str, Any]] = {}
    for one in selected:
        loaded = load.load(client, one.uri, unsure=params.unsure)
        table, failed = predictions.table(usable, model=loaded, spelling=spelling, to=to)
        # A song that one model cannot take is left out for all, so that all are measured on the same.
        left_out |= {name: f"{one.label}: {reason}" for name, reason in failed.items()}
        usable = [song for song in usable if song.name not in failed]
        _require(usable, left_out=left_out, place=place)
        tables[one.label], facts[one.label] = table, _facts(one, loaded=loaded)
        del loaded  # one network at a time in memory
    names = {song.name for song in usable}
    for one in selected:
        table = tables[one.label]
        tables[one.label] = _placed(
            table[table["track"].isin(names)].reset_index(drop=True),
            identities=identities,
            training=one.training,
        )
    about = {
        one.label: _evaluated(
            one, tables[one.label], facts=facts[one.label], spelling=spelling, seed=params.seed
        )
        for one in selected
    }
    first = tables[selected[0].label]
    record = Evaluation(
        name=music.name,
        labels=music.labels,
        fingerprint=hashlib.sha256("\n".join(sorted(first["sha256"] + first["genre"])).encode()).hexdigest(),
        seed=params.seed,
        songs=len(first),
        songs_with_artist=int((first["artist_key"] != "").sum()),
        artists=int(first["artist_key"].replace("", None).nunique()),
        genres={str(genre): int(count) for genre, count in first["genre"].value_counts(sort=False).items()},
        unknown_genres=unknown,
        beyond_limit=len(songs) - len(chosen),
        left_out=left_out,
        models=about,
        pairs=_pairs(tables, seed=params.seed),
        notes=_notes(about, tables=tables),
    )
    return Result(record, pd.concat([table.assign(model=label) for label, table in tables.items()]))


def select(client: MlflowClient, models: Sequence[str | None], *, params: Params) -> list[Selected]:
    """Find the models that are named, each once, with the songs that they were trained on."""
    uris = dict.fromkeys(load.address(client, model, params=params) for model in models)
    runs = {uri: load.run_of(client, uri) for uri in uris}
    names = [run.data.tags["model"] for run in runs.values()]
    labels = [
        name
        if names.count(name) == 1
        else f"{name} ({uri.removeprefix('models:/') if uri.startswith('models:') else uri.split('/')[1][:12]})"
        for name, uri in zip(names, runs, strict=True)
    ]
    return [
        Selected(label, uri, run, recognition.training_songs(client, uri))
        for label, (uri, run) in zip(labels, runs.items(), strict=True)
    ]


def _spelling(selected: Sequence[Selected]) -> dict[str, str]:
    """Return the genres that every model knows, as the first one writes them, by their casefolded name."""
    shared = set.intersection(*({genre.casefold() for genre in one.genres} for one in selected))
    return {genre.casefold(): genre for genre in selected[0].genres if genre.casefold() in shared}


def known_genres(
    music: LabelledMusic, *, spelling: dict[str, str], selected: Sequence[Selected]
) -> tuple[list[Song], dict[str, int]]:
    """Keep the songs whose genre every model knows, spelled alike; count the others by genre.

    Raises
    ------
    EvaluationError
        If none is left.
    """
    songs = [
        replace(song, genre=spelling[song.genre.casefold()])
        for song in music.songs
        if song.genre.casefold() in spelling
    ]
    others = pd.Series(
        [song.genre for song in music.songs if song.genre.casefold() not in spelling], dtype=object
    )
    unknown = {str(genre): int(count) for genre, count in others.value_counts().items()}
    if not songs:
        names = natural_list([one.label for one in selected])
        raise EvaluationError(
            f"{music.name} has songs of {', '.join(map(repr, unknown))}, which {names} cannot predict; valid: "
            f"{', '.join(spelling.values()) or 'models that share a genre'}"
        )
    return songs, unknown


def drawn(songs: Sequence[Song], *, limit: int | None, seed: int) -> list[Song]:
    """Draw at most ``limit`` songs of each genre, and keep their order."""
    if limit is None:
        return list(songs)
    generator = np.random.default_rng(seed)
    kept: set[str] = set()
    for genre in sorted({song.genre for song in songs}):
        names = [song.name for song in songs if song.genre == genre]
        kept |= {names[place] for place in generator.permutation(len(names))[:limit]}
    return [song for song in songs if song.name in kept]


def _require(songs: Sequence[Song], *, left_out: dict[str, str], place: Path) -> None:
    if not songs:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:NAMED])
        raise EvaluationError(
            f"no song of {place} can be evaluated ({reasons}); valid: audio that can be decoded"
        )


def _facts(one: Selected, *, loaded: LoadedModel) -> dict[str, Any]:
    outputs = one.run.outputs
    return {
        "marks": loaded.marks,
        "model_id": str(outputs.model_outputs[-1].model_id) if outputs and outputs.model_outputs else "",
        "without": loaded.model.record.confounded,
    }


def _placed(table: pd.DataFrame, *, identities: dict[str, Identity], training: pd.DataFrame) -> pd.DataFrame:
    """Add what each song is recognised by, its group, whether the headline counts it, and what it is drawn with."""
    table["sha256"] = [identities[name].sha256 for name in table["track"]]
    table["sound_sha256"] = [identities[name].sound_sha256 for name in table["track"]]
    table["artist_key"] = table["artist"].map(credits.artist_of)
    table["cluster"] = clusters.of(table["track"], artists=table["artist_key"])
    known = table.assign(fingerprint=[identities[name].fingerprint for name in table["track"]])
    table = table.join(recognition.groups(known, training=training))
    return table.assign(headline=table["group"] == recognition.headline(table["group"]))


def _evaluated(
    one: Selected, table: pd.DataFrame, *, facts: dict[str, Any], spelling: dict[str, str], seed: int
) -> EvaluatedModel:
    genres = [spelling.get(genre.casefold(), genre) for genre in one.genres]
    without = [spelling.get(genre.casefold(), genre) for genre in facts["without"]]
    used = one.training[one.training["fitted"] | (one.training["part"] == "validation")]
    artists = used["artist"].map(credits.artist_of)
    counted = table[table["headline"]]
    kind, _, rest = one.uri.partition(":/")
    return EvaluatedModel(
        model=one.run.data.tags["model"],
        uri=one.uri,
        version=rest.partition("/")[2] if kind == "models" else "",
        run_id=one.run.info.run_id,
        model_id=facts["model_id"],
        weights_sha256=one.run.data.tags["weights_sha256"],
        marks=facts["marks"],
        genres=genres,
        chance=float(counted["genre"].value_counts(normalize=True).max())
        if len(counted)
        else 1 / len(genres),
        training_songs=len(used),
        training_artists=int(artists.replace("", None).nunique()),
        training_songs_without_artist=int((artists == "").sum()),
        headline=recognition.headline(table["group"]),
        groups=measure.by_group(table, genres=genres, seed=seed),
        by_genre=measure.by_genre(counted, seed=seed),
        confusion=measure.confusion(counted, genres=genres),
        reliability=metrics.reliability(counted, genres=genres).to_dict("records") if len(counted) else [],
        gap=measure.gap(counted, run_metrics=keys.plain(one.run.data.metrics), without=without),
    )


def outside_training(songs: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of songs that none of the models was trained on; their artists may have been.

    Parameters
    ----------
    songs : DataFrame
        Of :class:`Result`.
    """
    trained = set(songs.loc[songs["group"] == "trained_songs", "track"])
    return songs[~songs["track"].isin(trained)]


def _pairs(tables: dict[str, pd.DataFrame], *, seed: int) -> list[Pair]:
    """Compare each two models on the songs that count in the headline of both."""
    counted = {label: table[table["headline"]] for label, table in tables.items()}
    try:
        return significance.pairs(
            {label: table for label, table in counted.items() if len(table)}, part=predictions.PART, seed=seed
        )
    except PredictionsError:
        return []  # two of them share no headline song


def _notes(models: dict[str, EvaluatedModel], *, tables: dict[str, pd.DataFrame]) -> list[str]:
    notes = []
    for label, model in models.items():
        if model.headline is None:
            notes.append(f"{label}: {model.sentence}.")
        if model.headline == "new_songs":
            notes.append(
                f"{label}: the artists of most new songs, or of its training, are unknown, so that some may be by "
                "artists it was trained on; --artists names them."
            )
        elif model.training_songs_without_artist:
            notes.append(
                f"{label}: {model.training_songs_without_artist} of its {model.training_songs} training songs have no "
                "known artist, so that some artists called new may not be."
            )
        if missing := [genre for genre in model.genres if model.headline and genre not in model.by_genre]:
            notes.append(f"{label}: no headline song is of {natural_list(missing)}.")
    counted = {frozenset(table.loc[table["headline"], "track"]) for table in tables.values()}
    if len(counted) > 1:
        notes.append(
            "The models were trained on different songs, so that their headlines are of different songs; pairs are "
            "compared on the songs that both headlines count."
        )
    return notes


def folder_of(name: str, *, root: Path = Path("data")) -> Path:
    """Return the folder that a result of a name is written to where none is given."""
    return root / FOLDER / name


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier result, before any work.

    Raises
    ------
    ParamsError
        Naming the folder.
    """
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / Evaluation.FILE).is_file())
    ):
        raise ParamsError(
            f"--out {folder} holds other files, which would be replaced; valid: a folder that does not exist, is "
            "empty, or holds an earlier evaluation"
        )


def write(result: Result, *, folder: Path) -> None:
    """Write record, page and songs, all of them or nothing.

    Parameters
    ----------
    result : Result
        From :func:`run`.
    folder : Path
        Replaced: ``evaluation.json``, ``index.html``, ``songs.csv`` and ``songs.parquet``.
    """
    from components.external_evaluation import page

    songs = table_of(result)
    text = page.render(result)
    with atomic.replacing_folder(folder) as made:
        result.record.write(made / Evaluation.FILE)
        (made / PAGE).write_text(text, encoding="utf-8")
        songs.to_csv(made / f"{TABLE}.csv", index=False)
        songs.to_parquet(made / f"{TABLE}.parquet", index=False)


def table_of(result: Result) -> pd.DataFrame:
    """Lay out the songs for a table: one row a model and song, what a reader looks for first."""
    first = ["model", "track", "genre", "predicted", "correct", "confidence", "group", "recognised"]
    rest = [
        column for column in result.songs.columns if column not in (*first, "part", "artist_key", "cluster")
    ]
    return result.songs[first + rest].rename(columns={"track": "file"})
