"""Stage ``compare``: the trained models on the same test songs, ranked on validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd
from humanize import natural_list

from components.config.params import ENSEMBLE, Params
from components.core import atomic
from components.core.errors import ComparisonError
from components.evaluation import aggregation, balance, diagnostics, metrics, significance
from components.reporting import inputs as sources
from components.reporting.comparison import ComparedModel, Comparison
from components.reporting.inputs import Inputs, TrainedModel
from components.reporting.limits import LIMITS
from components.results.record import ARTISTS_ON_BOTH_SIDES, ARTISTS_UNKNOWN, COMPOSED, LEAKY, UNTRAINED

#: metrics.json was written from the same predictions; more than rounding apart means that one was changed.
AGREEMENT = 1e-6
#: Models that are left out, up to which each has a note of its own.
EACH = 2


def run(
    *, params: Params, root: Path = Path("data"), left_out: Mapping[str, str] = MappingProxyType({})
) -> Comparison:
    """Compare the trained models and write ``report/``, whole or not at all.

    Its files: ``comparison.json``, ``comparison.csv`` (one row a model), ``confusion.csv`` (one row a model and test
    song), ``learning.csv`` (one row a model, epoch and part), ``metrics/<model>.json`` (what `dvc metrics` shows) and
    ``index.html``. Models in ``left_out`` are not compared, each for the reason given.

    Raises
    ------
    ComparisonError
        If no model can be compared, or a model's files contradict each other.
    LeakError
        If a model was fitted on a song of its own test part.
    """
    from components.reporting import html

    inputs = sources.read(params=params, root=root, left_out=left_out)
    result = compare(inputs, params=params)
    page = html.render(result, inputs=inputs, params=params)
    songs = pd.concat(
        [aggregation.songs(model.test).assign(model=name) for name, model in inputs.models.items()]
    ).rename(columns={"genre": "actual"})
    with atomic.replacing_folder(root / "report") as folder:
        atomic.write_json(folder / "comparison.json", result.model_dump(mode="json"))
        result.table().to_csv(folder / "comparison.csv", index=False)
        songs[["model", "track", "actual", "predicted"]].to_csv(folder / "confusion.csv", index=False)
        learning_curves(inputs).to_csv(folder / "learning.csv", index=False)
        for name, row in result.models.items():
            atomic.write_json(folder / "metrics" / f"{name}.json", headline_figures(row))
        (folder / "index.html").write_text(page, encoding="utf-8")
    return result


def headline_figures(model: ComparedModel) -> dict[str, float]:
    """Return the figures of a model to compare commits by: few enough for one line of a table."""
    figures = {
        "validation_songs": model.validation_songs,
        "test_songs": model.test_songs,
        "test_songs_low": model.test_songs_interval[0],
        "test_songs_high": model.test_songs_interval[1],
        "macro_f1": model.macro_f1,
        "calibration_error": model.test["song_ece"],
    }
    # Where headlines leave songs out, theirs is the figure to compare.
    key = metrics.headline_key(model.test)
    return figures | ({} if key == "song_accuracy" else {"new_artists": model.test[key]})


def learning_curves(inputs: Inputs) -> pd.DataFrame:
    """Return accuracy and loss of each model by epoch, in one table with the part in a column."""
    columns = {"training": ("accuracy", "loss"), "validation": ("val_accuracy", "val_loss")}
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "model": name,
                    "epoch": model.history["epoch"],
                    "part": part,
                    "accuracy": model.history[accuracy],
                    "loss": model.history[loss],
                }
            )
            for name, model in inputs.models.items()
            if len(model.history)
            for part, (accuracy, loss) in columns.items()
        ]
        or [pd.DataFrame(columns=["model", "epoch", "part", "accuracy", "loss"])]
    )


def compare(inputs: Inputs, *, params: Params) -> Comparison:
    """Measure each model, rank them by validation, and test each two for a difference.

    Raises
    ------
    ComparisonError
        If a model's ``metrics.json`` does not agree with its predictions, or models differ in their genres.
    """
    first = next(iter(inputs.models.values()))
    for model in inputs.models.values():
        if sorted(model.genres) != sorted(first.genres):
            raise ComparisonError(
                f"model {model.name!r} knows genres {', '.join(model.genres)}; {first.name!r} knows "
                f"{', '.join(first.genres)}; valid: the same"
            )
    models = {name: measure(model, params=params) for name, model in inputs.models.items()}
    # Few songs make ties; the surer of two equally right models (lower log loss) goes first.
    ranking = sorted(
        models, key=lambda name: (-models[name].validation_songs, models[name].validation["log_loss"], name)
    )
    tested = {name: inputs.models[name].test for name in ranking}
    headlines = {name: rows[rows["headline"]] for name, rows in tested.items()}
    counted = pd.concat(headlines.values())
    shared = all(len(rows) for rows in headlines.values())
    pairs = significance.pairs(headlines if shared else tested, part="test", seed=params.seed)
    return Comparison(
        preset=params.preset,
        protocol=inputs.split.protocol,
        leaky=inputs.split.leaky,
        artists=inputs.split.artists,
        confounded=inputs.split.confounded,
        headline_songs=counted["track"].nunique(),
        headline_genres=sorted(set(counted["genre"])),
        fingerprint=inputs.split.fingerprint,
        seed=params.seed,
        genres=sorted(first.genres),
        chance=max(metrics.genre_by_genre(row.test)["guessing"] for row in models.values()),
        balanced_genres=int(max(metrics.genre_by_genre(row.test)["genres"] for row in models.values())),
        songs=int(max(row.test["songs"] for row in models.values())),
        models=models,
        ranking=ranking,
        best=ranking[0],
        pairs=pairs,
        groups=significance.groups(ranking, pairs=pairs),
        left_out=inputs.left_out,
        notes=_notes(inputs, models=models, params=params),
    )


def measure(model: TrainedModel, *, params: Params) -> ComparedModel:
    """Measure one model on validation and test.

    Raises
    ------
    ComparisonError
        If ``metrics.json`` does not agree with the predictions.
    """
    validation, test = (
        metrics.evaluate(model.predictions, genres=model.genres, part=part, seed=params.seed)
        for part in ("validation", "test")
    )
    for part, measured in (("validation", validation), ("test", test)):
        for metric in ("song_accuracy", "segment_accuracy"):
            logged = model.metrics.get(f"{part}.{metric}", measured[metric])
            if abs(logged - measured[metric]) > AGREEMENT:
                raise ComparisonError(
                    f"model {model.name!r}: {part}.{metric} is {logged} in metrics.json and {measured[metric]} by its "
                    f"predictions; run `dvc repro {model.record.stage(model.name)}`"
                )
    record = model.record
    marks = [mark for mark in record.marks if mark != COMPOSED]  # which is a note of the whole page
    unnamed = balance.unnamed(model.predictions, genres=model.genres)
    history, diagnoses = model.history, diagnostics.never_named(unnamed)
    if len(history):
        ((_, network),) = record.networks
        diagnoses = diagnostics.diagnose(
            history,
            hyperparameters=network.hyperparameters,
            search=params.model(model.name).search,
            validation=validation,
            unnamed=unnamed,
        )
    validated, alike = validation[metrics.headline_key(validation)], metrics.genre_by_genre(validation)
    return ComparedModel(
        validation_songs=validated,
        test_songs=test["song_accuracy"],
        test_songs_interval=(test["song_accuracy_low"], test["song_accuracy_high"]),
        headline=test.get("headline_accuracy"),
        headline_interval=(test["headline_accuracy_low"], test["headline_accuracy_high"])
        if "headline_accuracy" in test
        else None,
        test_segments=test["segment_accuracy"],
        balanced_accuracy=metrics.genre_by_genre(test)["balanced_accuracy"],
        macro_f1=metrics.genre_by_genre(test)["macro_f1"],
        mark="; ".join(marks),
        validation=validation,
        test=test,
        feature=record.feature_names,
        unit=record.unit,
        untrained=record.untrained_encoder,
        at_chance=diagnostics.is_at_chance(validated, chance=alike["guessing"])
        and diagnostics.is_at_chance(alike["balanced_accuracy"], chance=1 / alike["genres"]),
        unnamed=unnamed,
        marks=marks,
        train_segments=history.loc[history["val_accuracy"].idxmax(), "accuracy"] if len(history) else None,
        epochs=len(history),
        trials=len(model.trials),
        seconds=record.seconds,
        tuning_seconds=sum(execution["seconds"] for execution in model.executions),
        peak_memory_mib=record.peak_memory_mib,
        parameters=record.parameters,
        file_bytes=record.file_bytes,
        warnings=diagnoses,
    )


def _notes(inputs: Inputs, *, models: Mapping[str, ComparedModel], params: Params) -> list[str]:
    """Return what a reader must know before any figure."""
    notes = []
    if params.composed_sources:
        notes.append(LIMITS[COMPOSED].note)
    if inputs.split.leaky:
        notes.append(LIMITS[LEAKY].note)
    if inputs.split.artists == "on both sides":
        notes.append(LIMITS[ARTISTS_ON_BOTH_SIDES].note)
    elif inputs.split.artists == "unknown" and not params.composed_sources:
        notes.append(LIMITS[ARTISTS_UNKNOWN].note)
    if untrained := [name for name, row in models.items() if row.untrained]:
        verb = "uses" if len(untrained) == 1 else "use"
        notes.append(
            f"† {natural_list(untrained)} {verb} an untrained encoder: {LIMITS[UNTRAINED].sentence}."
        )
    if ENSEMBLE in models:
        notes.append(
            f"{ENSEMBLE} is the {inputs.models[ENSEMBLE].record.about}. Its weights were chosen on the validation "
            "songs, so its figures of these are a little too good; those of test songs are not."
        )
    notes += [
        f"{name} never names {natural_list(row.unnamed)}: no song or segment of validation or test is predicted as "
        f"{'it' if len(row.unnamed) == 1 else 'one of them'}."
        for name, row in models.items()
        if row.unnamed
    ]
    most = max(row.test["songs"] for row in models.values())
    notes += [
        f"{name} has predictions of {row.test['songs']:.0f} of the {most:.0f} test songs; pairs are compared on the "
        "songs that both have."
        for name, row in models.items()
        if row.test["songs"] < most
    ]
    if len(inputs.left_out) > EACH:
        # After a run of one model a reason each would hide the table.
        notes.append(
            f"{natural_list(list(inputs.left_out))} are left out: comparison.json beside this report has each one's "
            "reason; `genre run` brings all models of params.yaml up to date."
        )
        return notes
    return notes + [f"{name} is left out: {reason}." for name, reason in inputs.left_out.items()]
