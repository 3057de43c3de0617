"""The models side by side on the same test songs: measured alike, chosen on validation, told apart or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.config.params import Params
from components.core import atomic
from components.evaluation import diagnostics, metrics, significance
from components.reporting import inputs as sources
from components.reporting import inputs as tables
from components.reporting import sentences
from components.reporting.inputs import ComparisonError, Inputs, Trained
from components.reporting.store import best, read, table
from components.training.record import LEAKY, UNTRAINED

__all__ = ["ComparisonError", "best", "compare", "read", "run", "table"]

PARTS = ("validation", "test")
#: metrics.json was written from the same predictions; more than rounding apart means that one was changed.
AGREEMENT = 1e-6


def run(*, params: Params, root: Path = Path("data")) -> dict[str, Any]:
    """Compare the trained models and write the report: the stage ``compare``.

    Writes ``report/`` whole or not at all: ``comparison.json``, ``comparison.csv`` (one row a model),
    ``confusion.csv`` (one row a model and test song) and ``index.html``.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    dict
        What ``comparison.json`` holds; see :func:`compare`.

    Raises
    ------
    ComparisonError
        If no model can be compared, or a model's files contradict each other.
    LeakError
        If a model saw a song of its own test part.
    """
    from components.reporting import html as page

    inputs = sources.read(params=params, root=root)
    result = compare(inputs, params=params)
    html = page.render(result, inputs=inputs, params=params)
    with atomic.replacing_folder(root / "report") as folder:
        atomic.write_json(folder / "comparison.json", result)
        tables.rows(result).to_csv(folder / "comparison.csv", index=False)
        tables.confusions(inputs).to_csv(folder / "confusion.csv", index=False)
        (folder / "index.html").write_text(html, encoding="utf-8")
    return result


def compare(inputs: Inputs, *, params: Params) -> dict[str, Any]:
    """Measure each model, mark the best by validation, and say which cannot be told apart.

    Parameters
    ----------
    inputs : Inputs
        What the stages before left.
    params : Params
        The checked params.

    Returns
    -------
    dict
        JSON: ``models`` (by name: figures of ``validation`` and ``test`` as :func:`evaluation.evaluate`
        gives them, costs, marks, diagnoses), ``ranking`` (names, best on validation songs first), ``best``
        (its first: test never chooses), ``pairs`` (each two models on the same test songs; p-values also
        adjusted by Holm's method, since many pairs are looked at), ``groups`` (largest sets of models none
        of which can be told from another), ``left_out`` (name to reason), ``notes``, and what identifies
        the run: ``preset``, ``protocol``, ``leaky``, ``fingerprint``, ``genres``, ``songs``, ``chance``,
        ``seed``.

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
    models = {
        name: figures(model, params=params, chance=1.0 / len(first.genres))
        for name, model in inputs.models.items()
    }
    ranking = sorted(models, key=lambda name: (*_rank(models[name]["validation"]), name))
    pairs = significance.pairs(
        {name: inputs.models[name].predictions for name in ranking}, part="test", seed=params.seed
    )
    songs = max(models.values(), key=lambda row: row["test"]["songs"])["test"]["songs"]
    return {
        "preset": params.preset,
        "protocol": inputs.split.protocol,
        "leaky": inputs.split.leaky,
        "fingerprint": inputs.split.fingerprint,
        "seed": params.seed,
        "genres": sorted(first.genres),
        "chance": 1.0 / len(first.genres),
        "songs": int(songs),
        "models": models,
        "ranking": ranking,
        "best": ranking[0],
        "pairs": pairs,
        "groups": significance.groups(ranking, pairs=pairs),
        "left_out": inputs.left_out,
        "notes": sentences.notes(inputs, models=models, params=params),
    }


def _rank(validation: Mapping[str, float]) -> tuple[float, float]:
    # Few songs make ties; the surer of two equally right models (lower log loss) goes first.
    return -validation["song_accuracy"], validation["log_loss"]


def figures(model: Trained, *, params: Params, chance: float) -> dict[str, Any]:
    """Measure one model.

    Parameters
    ----------
    model : Trained
        Its files.
    params : Params
        The checked params.
    chance : float
        Accuracy of guessing.

    Returns
    -------
    dict
        The headline, plain: ``validation_songs``, ``test_songs``, ``test_songs_interval`` (low, high),
        ``test_segments``, ``macro_f1``, ``mark``. All figures: ``validation`` and ``test``. Costs and
        facts: ``train_segments`` (train accuracy in the best epoch), ``seconds``, ``tuning_seconds``,
        ``peak_memory_mib``, ``parameters``, ``file_bytes``, ``epochs``, ``trials``, ``feature``, ``unit``,
        ``untrained``, ``at_chance`` (on validation songs), ``marks`` (to be shown wherever its figures
        are), ``warnings``.

    Raises
    ------
    ComparisonError
        If ``metrics.json`` does not agree with the predictions.
    """
    measured = {
        part: metrics.evaluate(model.predictions, genres=model.genres, part=part, seed=params.seed)
        for part in PARTS
    }
    for part in PARTS:
        for metric in ("song_accuracy", "segment_accuracy"):
            said = model.metrics.get(f"{part}.{metric}", measured[part][metric])
            if abs(said - measured[part][metric]) > AGREEMENT:
                raise ComparisonError(
                    f"model {model.name!r}: metrics.json says {part}.{metric} is {said}, its predictions "
                    f"give {measured[part][metric]}; run `dvc repro train@{model.name}`"
                )
    record = model.record
    marks = [LEAKY] * record.leaky + [UNTRAINED] * record.untrained_encoder
    best_epoch = model.history["val_accuracy"].idxmax()
    return {
        "validation_songs": measured["validation"]["song_accuracy"],
        "test_songs": measured["test"]["song_accuracy"],
        "test_songs_interval": [measured["test"][f"song_accuracy_{end}"] for end in ("low", "high")],
        "test_segments": measured["test"]["segment_accuracy"],
        "macro_f1": measured["test"]["macro_f1"],
        "mark": "; ".join(marks),
        **measured,
        "feature": record.feature.feature,
        "unit": record.feature.unit,
        "untrained": record.untrained_encoder,
        "at_chance": diagnostics.is_at_chance(measured["validation"]["song_accuracy"], chance=chance),
        "marks": marks,
        "train_segments": float(model.history.loc[best_epoch, "accuracy"]),
        "epochs": len(model.history),
        "trials": len(model.trials),
        "seconds": record.seconds,
        "tuning_seconds": float(sum(execution["seconds"] for execution in model.executions)),
        "peak_memory_mib": record.peak_memory_mib,
        "parameters": record.parameters,
        "file_bytes": record.file_bytes,
        "warnings": [
            asdict(diagnosis)
            for diagnosis in diagnostics.diagnose(
                model.history,
                hyperparameters=record.hyperparameters,
                search=params.model(model.name).search,
                classes=len(model.genres),
            )
        ],
    }
