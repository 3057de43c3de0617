"""The stage ``fit@EXPERIMENT``: one model under its protocols, by the workflow's own split and training."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from components.config.params import Params
from components.core import atomic
from components.core.errors import ParamsError, TrainingError, TuningError
from components.stages import published, split, train, tune
from components.study import plan, planted_faults, protocols
from components.study.materials import DATA
from components.study.protocols import Run
from components.training.record import BestTrial, TrainingRecord

#: Facts of a fit that are measured anew each time and so are kept apart from the results.
COSTS = {"seconds", "peak_memory_mib", "file_bytes"}
RESULTS = {"fingerprint", "genres", "hyperparameters", "parameters", "warnings", "weights_sha256"}
#: Columns that tell a fit's rows from another's.
KEYS = ["protocol", "fold", "seed"]


def run(name: str, *, root: Path = Path()) -> dict[str, Any]:
    """Run one experiment: ``data/study/experiments/<name>``.

    Written are ``result.json`` (the declaration, and each fit's figures and facts; the same for the same data
    and code), ``costs.json`` (seconds, memory, file size of each fit), ``predictions.parquet`` and
    ``history.parquet``.

    Parameters
    ----------
    name : str
        An experiment of the plan.
    root : Path
        The project's root.

    Returns
    -------
    dict
        What ``result.json`` holds.

    Raises
    ------
    ParamsError
        If the plan has no such experiment.
    GenreError
        If its material is missing or a guard finds a leak. A fit whose loss is not finite is no error but a
        result, told with its reason.
    """
    document = plan.read(root)
    if name not in document["experiments"]:
        raise ParamsError(
            f"experiment {name!r} is not in the plan; valid: {', '.join(document['experiments']) or 'none'}"
        )
    experiment = document["experiments"][name]
    params = experiment_params(document, experiment=experiment, root=root)
    fits: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    predictions: list[pd.DataFrame] = []
    histories: list[pd.DataFrame] = []
    for one in protocols.runs(experiment, seed=document["seed"]):
        with tempfile.TemporaryDirectory(prefix="genre-study-") as place:
            data = Path(place) / "data"
            chosen = protocols.overlay(
                params,
                run=one,
                lists=document["lists"],
                artists=document["artists"] if experiment["artists"] else None,
            )
            lay_out(experiment, params=chosen, root=root, data=data)
            facts, cost = fit(experiment, run=one, params=chosen, root=data)
            folder = data / "models" / experiment["model"]
            if (folder / "predictions.parquet").is_file():
                key = {"protocol": one.protocol, "fold": one.fold, "seed": one.seed}
                predictions.append(pd.read_parquet(folder / "predictions.parquet").assign(**key))
                histories.append(pd.read_csv(folder / "history.csv").assign(**key))
        fits.append(facts)
        costs.append(cost)
        said = facts.get("failed") or f"test segments {facts['metrics']['test.segment_accuracy']:.1%}"
        print(f"{name}: {one.protocol} fold {one.fold} seed {one.seed}: {said}", flush=True)
    result = {"name": name, "declared": experiment, "budget": document["budget"], "fits": fits}
    with atomic.replacing_folder(root / DATA / "experiments" / name) as target:
        atomic.write_json(target / "result.json", result)
        atomic.write_json(target / "costs.json", costs)
        if predictions:
            pd.concat(predictions, ignore_index=True).to_parquet(target / "predictions.parquet", index=False)
            pd.concat(histories, ignore_index=True).to_parquet(target / "history.parquet", index=False)
    return result


def experiment_params(document: dict[str, Any], *, experiment: dict[str, Any], root: Path) -> Params:
    """Lay an experiment over its material's params.

    Parameters
    ----------
    document : dict
        The plan.
    experiment : dict
        One of its experiments.
    root : Path
        The project's root.

    Returns
    -------
    Params
        With the experiment's model alone, in its variant.
    """
    whole = plan.params(document, material=experiment["material"], root=root).model_dump(mode="json")
    model, chosen = whole["models"][experiment["model"]], experiment["variant"]
    block = experiment.get("best", model["variants"][chosen]) | {}
    block["training"] = {**(block.get("training") or whole["training"]), **experiment["training"]}
    if experiment["search"]:
        fixed, space = experiment["search"]["fixed"], experiment["search"]["space"]
        block["fixed"] = {**block["fixed"], **fixed}
        block["search"] = {
            key: kind for key, kind in {**block["search"], **space}.items() if key not in fixed
        }
        block["start"] = {key: _inside(block["start"][key], kind) for key, kind in block["search"].items()}
        block["tuning"] = {**(block.get("tuning") or whole["tuning"]), **experiment["search"]["tuning"]}
    whole["models"] = {
        experiment["model"]: model | {"variant": chosen, "variants": {**model["variants"], chosen: block}}
    }
    return Params.model_validate(whole)


def _inside(value: Any, kind: dict[str, Any]) -> Any:
    return min(value, kind["high"]) if "high" in kind else value


def lay_out(experiment: dict[str, Any], *, params: Params, root: Path, data: Path) -> None:
    """Lay an experiment's material out as the data folder that split and training work in.

    Parameters
    ----------
    experiment : dict
        A block of the plan.
    params : Params
        The run's own, for what is published about the collection.
    root : Path
        The project's root.
    data : Path
        The folder to make.
    """
    material = root.resolve() / DATA / "materials" / experiment["material"]
    (data / "corpus").mkdir(parents=True)
    for path in (material / "corpus").iterdir():
        (data / "corpus" / path.name).symlink_to(path)
    (data / "features").symlink_to(material / "features")
    for name in params.corpus.published:
        published.run(name, params=params, root=data)


def fit(
    experiment: dict[str, Any], *, run: Run, params: Params, root: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split, choose the set, fit and test.

    Parameters
    ----------
    experiment : dict
        A block of the plan.
    run : Run
        The split and seed.
    params : Params
        The run's own.
    root : Path
        The data folder, laid out.

    Returns
    -------
    tuple of dict
        Facts and costs of the fit. A fit that did not go through has ``failed``, the reason.
    """
    import keras

    keras.backend.clear_session()
    name = experiment["model"]
    key = {"protocol": run.protocol, "fold": run.fold, "seed": run.seed}
    split.run(params=params, root=root)
    if experiment["shuffled"]:
        planted_faults.shuffle_labels(params.model(name).feature, seed=run.seed, root=root)
    try:
        if experiment["search"] or experiment["tuned"]:
            tune.run(name, params=params, root=root)
        else:
            choose(name, params=params, changed=experiment["set"], root=root)
        if experiment["contaminated"]:
            planted_faults.train_on_everything(name, params=params, root=root)
        else:
            train.run(name, params=params, root=root)
    except (TrainingError, TuningError) as error:
        return {**key, "failed": str(error)}, {**key}
    folder = root / "models" / name
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    record = TrainingRecord.read(folder)
    result = {**key, "metrics": metrics, **record.model_dump(mode="json", include=RESULTS)}
    result["leaky"] = record.leaky
    result |= record.feature.model_dump(mode="json", include={"pretrained", "unit"})
    return result, {**key, **record.model_dump(include=COSTS), "gpu": on_a_gpu()}


def on_a_gpu() -> bool:
    """Say whether TensorFlow sees a GPU."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def choose(name: str, *, params: Params, changed: dict[str, Any], root: Path) -> None:
    """Take a variant's own set, without search, as ``tuning/<name>/best.json``.

    Parameters
    ----------
    name : str
        The model.
    params : Params
        The run's own.
    changed : dict
        Hyperparameters that differ.
    root : Path
        The data folder.

    Raises
    ------
    ParamsError
        If the model has no such hyperparameter.
    """
    block = params.model(name)
    if unknown := sorted(changed.keys() - block.first_set.keys()):
        raise ParamsError(
            f"{name} has no hyperparameter {', '.join(unknown)}; valid: {', '.join(block.first_set)}"
        )
    best = BestTrial(trial="0", score=0.0, hyperparameters={**block.first_set, **changed})
    best.write(root / "tuning" / name / "best.json")
