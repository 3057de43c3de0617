"""The report: a comparison as one HTML file that opens with no network and no other file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import yaml

from components.config.params import Params
from components.core import palette
from components.evaluation import aggregation, metrics
from components.reporting import figures, hardest, parallel_coordinates
from components.reporting.comparison import Comparison
from components.reporting.environment import environment
from components.reporting.inputs import Inputs, TrainedModel
from components.reporting.svg import inline

#: Songs in the list of the hardest, and tracks left out that are listed by name.
HARDEST, FAULTS = 15, 30


def render(result: Comparison, *, inputs: Inputs, params: Params) -> str:
    """Render the report; every name of a track, genre or model in it is escaped: they come from people's files."""
    test = [aggregation.songs(model.test).assign(model=name) for name, model in inputs.models.items()]
    colours = {name: palette.model(place) for place, name in enumerate(result.models)}
    return (
        environment()
        .get_template("index.html")
        .render(
            result=result,
            colours={name: palette.variable(place) for place, name in enumerate(result.models)},
            recalls=_recalls(result),
            pairs={(pair.left, pair.right): pair for pair in result.pairs},
            pictures={
                name: _pictures(inputs.models[name], colour=colours[name], params=params)
                for name in result.ranking
            },
            costs=_costs(result, colours=colours),
            hardest=hardest.songs(pd.concat(test), count=HARDEST),
            corpora={source: _corpus(table) for source, table in inputs.corpora.items()},
            split=inputs.split,
            validation=inputs.validation,
            settings=yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
            lineage={
                name: lineage(inputs.models[name], inputs=inputs, params=params) for name in result.ranking
            },
        )
    )


def _pictures(model: TrainedModel, *, colour: str, params: Params) -> dict[str, Any]:
    name, trials = model.name, model.trials
    counts = metrics.confusion(model.predictions, genres=model.genres, part="test")
    reliability = metrics.reliability(model.test, genres=model.genres)
    calibrated = figures.reliability(reliability, colour=colour)
    confused = figures.confusion(counts, colour=colour)
    drawn: dict[str, Any] = {
        "learning": None,
        "reliability": inline(calibrated, label=f"Reliability of {name}"),
        "confusion": inline(confused, label=f"Confusion matrix of {name}"),
        "tuning": None,
    }
    if len(model.history):
        learning = figures.learning(model.history, colour=colour)
        drawn["learning"] = inline(learning, label=f"Learning curves of {name}")
    if len(trials) and trials["score"].notna().any():
        search = params.model(name).search
        # Trial 0 of every search is the published best set; KerasTuner pads its number with zeros.
        study = next((trial for trial in trials["trial"] if int(trial) == 0), None)
        parallel = parallel_coordinates.draw(trials, search=search, colour=colour, study=study)
        drawn["tuning"] = {
            "parallel": inline(
                parallel, label=f"Trials of {name} through their hyperparameters to their scores"
            ),
            "best": inline(figures.best_so_far(trials, colour=colour), label=f"Best score so far of {name}"),
            "importance": parallel_coordinates.importance(trials, search=search, seed=params.seed),
            "trials": len(trials),
            "failed": int(trials["score"].isna().sum()),
            "executions": len(model.executions),
        }
    return drawn


def _costs(result: Comparison, *, colours: Mapping[str, str]) -> list[Any]:
    accuracies = {name: (row.test_songs, *row.test_songs_interval) for name, row in result.models.items()}
    axes = {
        "seconds to train": {name: row.seconds for name, row in result.models.items()},
        "size of the file, MiB": {name: (row.file_bytes or 0) / 2**20 for name, row in result.models.items()},
        "peak memory of training, MiB": {name: row.peak_memory_mib for name, row in result.models.items()},
    }
    return [
        inline(
            figures.cost(accuracies, values=values, colours=colours, title=title),
            label=f"Accuracy against {title}",
        )
        for title, values in axes.items()
        # A logarithmic axis has no place for a cost that was not recorded.
        if min(values.values()) > 0
    ]


def _recalls(result: Comparison) -> dict[str, dict[str, float | None]]:
    """Return recall of test songs by genre, hardest first, and model; None without a song of that genre."""
    table = pd.DataFrame({name: result.models[name].test for name in result.ranking})
    table = table.reindex([f"recall.{genre}" for genre in result.genres]).set_axis(result.genres)
    order = table.mean(axis=1).sort_values(kind="stable").index
    return table.astype(object).where(table.notna(), None).loc[order].to_dict("index")


def _corpus(table: pd.DataFrame) -> dict[str, Any]:
    usable = table[table["fault"] == ""]
    known = sorted(set(table["genre"]) - {""})
    genres = usable["genre"].value_counts().reindex(known, fill_value=0)
    return {
        "tracks": len(table),
        "usable": len(usable),
        "seconds": float(usable["seconds"].sum()),
        "genres": genres.to_dict(),
        "listed": table["genre"].value_counts().to_dict(),
        "most": max(int(genres.max()), 1),
        "rates": sorted({int(rate) for rate in usable["sample_rate"] if rate}),
        "faults": table.loc[table["fault"] != "", ["track", "fault"]].head(FAULTS).to_dict("records"),
    }


def lineage(model: TrainedModel, *, inputs: Inputs, params: Params) -> dict[str, str]:
    """Return what a model was made of: choices, seeds, and the hashes of data, code and weights that are known."""
    record = model.record
    entries: dict[str, str | None] = {
        "made as": record.about,
        "features": ", ".join(f"{feature.feature}, one row a {feature.unit}" for feature in record.features),
        "seed": str(record.seed),
        "temperature": str(record.calibration),
        "split fingerprint": record.fingerprint,
        "weights (SHA-256)": record.weights_sha256,
        "git commit of the comparison": inputs.code,
    }
    paths = [source.path for source in params.corpus.sources.values()]
    paths += ["data/splits", *(f"data/features/{feature.feature}" for feature in record.features)]
    for _, network in record.networks:
        # An ensemble has the entries of each member under that one's own name.
        of = "" if network is record else f"{network.model}: "
        refit = network.refit
        # %g: a step of 0.05 adds up to 0.15000000000000002.
        hyperparameters = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in sorted(network.hyperparameters.items())
        )
        entries |= {
            f"{of}hyperparameters": hyperparameters,
            f"{of}trial": network.trial,
            f"{of}refit": f"tested model fitted on {network.fitted_on}, {refit.epochs} epochs: {refit.rule}; "
            "validation figures are the first fit's"
            if refit
            else None,
            f"{of}feature values (SHA-256)": network.feature_sha256,
        }
        paths.append(f"data/models/{network.model}/model.keras")
    entries |= {f"DVC, {path}": inputs.hashes.get(path) for path in paths}
    for encoder in record.encoders:
        state = "pretrained" if encoder.trained else "UNTRAINED stand-in"
        entries[f"encoder {encoder.encoder}"] = f"{state}, from {encoder.origin}"
        entries[f"{encoder.encoder} weights (SHA-256)"] = encoder.sha256
    return {name: value for name, value in entries.items() if value}
