"""The page: everything a comparison found, in one file that opens with no network and no other file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.config.params import Params
from components.core import formatting
from components.evaluation import bootstrap, metrics
from components.reporting import errors_by_song, figures, parallel_coordinates, provenance, sentences, svg
from components.reporting.inputs import Inputs, Trained

TEMPLATES = Path(__file__).parent / "templates"


def render(result: Mapping[str, Any], *, inputs: Inputs, params: Params) -> str:
    """Write the page.

    Parameters
    ----------
    result : mapping
        What :func:`components.stages.compare.compare` returns.
    inputs : Inputs
        What was compared.
    params : Params
        The checked params.

    Returns
    -------
    str
        HTML. Every name of a track, genre or model in it is escaped: they come from people's files.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("percent", "interval", "count", "size", "duration", "plural", "breakable"):
        environment.filters[name] = getattr(formatting, name)
    place = {name: number for number, name in enumerate(result["models"])}
    return environment.get_template("index.html").render(
        result=result,
        colours={name: f"var(--m{number % svg.MODEL_COLOURS + 1})" for name, number in place.items()},
        verdicts=sentences.verdicts(result),
        replicates=bootstrap.REPLICATES,
        rivals=sentences.rivals(result),
        recalls=errors_by_song.recalls(result),
        pairs={(pair["left"], pair["right"]): pair for pair in result["pairs"]},
        pictures={name: _pictures(inputs.models[name], number=place[name], params=params) for name in place},
        costs=_costs(result, place=place),
        hardest=errors_by_song.hardest(inputs),
        corpora={source: provenance.corpus(table) for source, table in inputs.corpora.items()},
        split=inputs.split,
        validation={name: provenance.validation(found) for name, found in inputs.validation.items()},
        settings=yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        lineage={
            name: provenance.lineage(
                inputs.models[name],
                hashes=inputs.hashes,
                sources=[source.path for source in params.corpus.sources.values()],
                code=inputs.code,
            )
            for name in result["ranking"]
        },
    )


def _pictures(model: Trained, *, number: int, params: Params) -> dict[str, Any]:
    search = params.model(model.name).search
    rows = model.predictions[model.predictions["part"] == "test"]
    drawn: dict[str, Any] = {
        "learning": figures.learning(model.history, name=f"learning-{number}", model=model.name),
        "reliability": figures.reliability(
            metrics.reliability(rows, genres=model.genres), name=f"reliability-{number}", model=model.name
        ),
        "confusion": errors_by_song.matrix(model),
        "tuning": None,
    }
    trials = model.trials
    if len(trials) and trials["score"].notna().any():
        # Trial 0 of every search is the published best set; KerasTuner pads its number with zeros.
        study = next((trial for trial in trials["trial"] if int(trial) == 0), None)
        drawn["tuning"] = {
            "parallel": parallel_coordinates.draw(
                trials, search=search, name=f"parallel-{number}", model=model.name, study=study
            ),
            "best": figures.best_so_far(trials, name=f"best-{number}", model=model.name),
            "importance": parallel_coordinates.measure(trials, search=search, seed=params.seed),
            "trials": len(trials),
            "failed": int(trials["score"].isna().sum()),
            "executions": len(model.executions),
        }
    return drawn


def _costs(result: Mapping[str, Any], *, place: Mapping[str, int]) -> list[Any]:
    models = result["models"]
    colours = [svg.model_colour(place[name]) for name in models]
    axes = {
        "seconds to train": {name: row["seconds"] for name, row in models.items()},
        "size of the file, MiB": {name: (row["file_bytes"] or 0) / 2**20 for name, row in models.items()},
        "peak memory of training, MiB": {name: row["peak_memory_mib"] for name, row in models.items()},
    }
    return [
        figures.cost(models, values=values, colours=colours, title=title, name=f"cost-{number}")
        for number, (title, values) in enumerate(axes.items())
        # A logarithmic axis has no place for a cost that was not recorded.
        if min(values.values()) > 0
    ]
