"""``study/params.yaml``: which of the declared experiments the data at hand allows, and with what budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from components import features
from components.config import presets
from components.config.params import Params
from components.core import atomic, hashing
from components.core.errors import ParamsError
from components.corpus import published_metadata
from components.features.encoders.base import UNTRAINED
from components.study import declarations
from components.study.declarations import Experiment, Material, Source
from components.study.discovery import CORPUS, EMBEDDED, LABELS, YAMNET, Found

#: Where the study's pipeline lies, below the project's root.
FOLDER = Path("study")
#: The preset whose models, budgets and features every experiment starts from.
BASE = "gtzan"
#: The published lists and the artist table are of a thousand tracks; with fewer than this a split by them is
#: another one, and is not made.
WHOLE_COLLECTION = 900
KINDS: dict[Source, str] = {
    "audio": "audio",
    "pictures": "pictures",
    "table_30": "table",
    "table_3": "table",
}
HEADER = """# Written by `genre reproduce` from components/study/experiments.yaml and the data it found.
# Not to be edited: what is run is declared there.
"""


def make(
    found: Found, *, budget: str, root: Path, search: bool = False, kfold: bool = False
) -> dict[str, Any]:
    """Plan the study for what was found.

    Parameters
    ----------
    found : Found
        The data.
    budget : str
        ``quick`` or ``full``.
    root : Path
        The project's root; what lies below it is named from there.
    search : bool
        Search each model of the main table with its preset's budget, instead of taking its first set.
    kfold : bool
        Run all folds of every model of the main table, however long they take.

    Returns
    -------
    dict
        What ``study/params.yaml`` holds: ``budget``, ``seed``, ``synthetic``, ``found`` (lines to read),
        ``lists``, ``artists``, ``checksums`` (of these two), ``segments``, ``sources``, ``materials``,
        ``experiments``, ``reports`` and ``not_run`` (name to what it needs). Only sources and materials that
        an experiment uses are in it.

    Raises
    ------
    ParamsError
        If there is no such budget.
    """
    study = declarations.load()
    if budget not in study.budgets:
        raise ParamsError(f"--budget is {budget!r}; valid: {', '.join(study.budgets)}")
    times = study.budgets[budget]
    base = yaml.safe_load(presets.compose(BASE))
    experiments: dict[str, Any] = {}
    not_run: dict[str, str] = {}
    for name, experiment in study.experiments.items():
        material = study.materials[experiment.material]
        if needs := missing(experiment, material, found=found, models=base["models"]):
            not_run[name] = needs
            continue
        whole = found.sources[material.source].tracks >= WHOLE_COLLECTION
        protocols = [
            protocol
            for protocol in experiment.protocols
            if protocol != "fault_filtered" or (found.lists and whole and material.tracks_per_genre is None)
        ]
        most = experiment.at_most or max(times.folds, times.seeds)
        if budget == "quick" and experiment.quick:
            most = min(most, experiment.quick)
        folds = (
            study.budgets["full"].folds if kfold and experiment.group == "model" else min(times.folds, most)
        )
        own = experiment.model_dump(mode="json", exclude={"protocols", "at_most", "quick", "preset"})
        experiments[name] = own | {
            **_best_of_its_preset(experiment),
            "feature": material.feature,
            "source": material.source,
            "protocols": protocols,
            "folds": folds,
            "seeds": min(times.seeds, most),
            "artists": bool(found.artists and whole),
            "tuned": search and experiment.group == "model",
        }
    used = {experiment["material"] for experiment in experiments.values()}
    materials = {name: _material(study.materials[name], found=found) for name in used}
    sources = {material["source"] for material in materials.values()}
    return {
        "budget": budget,
        "seed": base["seed"],
        "synthetic": {EMBEDDED: dict(CORPUS)} if found.synthetic else {},
        "found": found.lines(),
        "lists": str(found.lists) if found.lists else None,
        "artists": str(found.artists) if found.artists else None,
        # DVC knows these files by their contents, not by their names.
        "checksums": {
            "lists": found.lists
            and hashing.files(found.lists / name for name in published_metadata.LISTS.values()),
            "artists": found.artists and hashing.files([found.artists]),
        },
        "segments": {"seconds": 3.0, "per_track": 3 if found.synthetic else 10},
        "sources": {
            name: {
                "kind": KINDS[name],
                "path": _below(found.sources[name].path, root=root),
                "label": LABELS[name],
                "genres": list(found.sources[name].genres),
            }
            for name in KINDS
            if name in sources
        },
        "materials": {name: materials[name] for name in study.materials if name in materials},
        "experiments": experiments,
        "reports": ["study"],
        "not_run": not_run,
    }


def _best_of_its_preset(experiment: Experiment) -> dict[str, Any]:
    """Give the variant ``best`` of an experiment's own preset, where it names one."""
    if experiment.preset is None:
        return {}
    models = yaml.safe_load(presets.compose(experiment.preset))["models"]
    return {"best": models[experiment.model]["variants"]["best"]}


def _below(path: Path, *, root: Path) -> str:
    # From the folder of the pipeline: DVC ties a stage's output to another's dependency by the path.
    inside = path.resolve().is_relative_to(root.resolve())
    return str(Path("..") / path.resolve().relative_to(root.resolve()) if inside else path)


def missing(experiment: Experiment, material: Material, *, found: Found, models: dict[str, Any]) -> str:
    """Say what an experiment needs that is not there.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    material : Material
        What it hears.
    found : Found
        The data.
    models : dict
        The base preset's ``models``.

    Returns
    -------
    str
        '' where nothing is missing.
    """
    if material.source not in found.sources:
        return f"the {LABELS[material.source]}"
    if experiment.variant not in models[experiment.model]["variants"]:
        return f"a variant {experiment.variant!r} of {experiment.model}"
    return ""


def _material(material: Material, *, found: Found) -> dict[str, Any]:
    encoder = features.load(material.feature).ENCODER
    weights = UNTRAINED if material.untrained else found.weights.get(encoder or "", "")
    block = material.model_dump(mode="json", exclude={"untrained", "preset"}) | {"weights": weights}
    if material.preset:
        theirs = yaml.safe_load(presets.compose(material.preset))["features"]
        block["options"] = theirs[material.feature].get("options", {})
    return block


def write(document: dict[str, Any], *, root: Path) -> bool:
    """Write ``study/params.yaml`` where it differs.

    Parameters
    ----------
    document : dict
        From :func:`make`.
    root : Path
        The project's root.

    Returns
    -------
    bool
        Whether it was written.
    """
    text = HEADER + yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    path = root / FOLDER / "params.yaml"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    with atomic.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def read(root: Path) -> dict[str, Any]:
    """Read ``study/params.yaml``.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    dict
        As :func:`make` returns it.

    Raises
    ------
    ParamsError
        If it is missing or no mapping.
    """
    path = root / FOLDER / "params.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(f"{path} cannot be read ({error}); `genre reproduce` writes it") from error
    if not isinstance(document, dict):
        raise ParamsError(f"{path} holds no mapping; `genre reproduce` writes it")
    return document


def params(document: dict[str, Any], *, material: str, root: Path) -> Params:
    """Lay a material over the base preset.

    Parameters
    ----------
    document : dict
        The plan.
    material : str
        One of its materials.
    root : Path
        The project's root, from which relative paths start.

    Returns
    -------
    Params
        With one source and the material's features alone; models are those that hear it.
    """
    block = document["materials"][material]
    whole = yaml.safe_load(presets.compose(BASE))
    feature, source = block["feature"], document["sources"][block["source"]]
    listing = f"data/corpus/{source['kind']}.parquet"
    blocks = {feature: {**whole["features"][feature], "unit": block["unit"], "reads": listing}}
    if block["options"]:
        blocks[feature]["options"] = block["options"]
    if block["through"]:
        blocks[block["through"]] = {
            **whole["features"][block["through"]],
            "unit": block["unit"],
            "reads": listing,
        }
        blocks[feature]["reads"] = f"data/features/{block['through']}"
    whole |= {
        "preset": "study",
        "seed": document["seed"],
        "synthetic": document["synthetic"],
        "segments": document["segments"],
        "features": blocks,
        "models": {name: model for name, model in whole["models"].items() if model["feature"] == feature},
    }
    whole["corpus"] |= {
        "sources": {source["kind"]: {"path": str((root / FOLDER / source["path"]).resolve())}},
        "minimum_tracks": 5,
        "published": {},
    }
    encoder = features.load(feature).ENCODER
    whole["pretrained"]["yamnet"] = YAMNET
    whole["allow_untrained_encoders"] = True
    if encoder:
        whole["pretrained"][encoder] = block["weights"]
    return Params.model_validate(whole)
