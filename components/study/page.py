"""The study's page, JSON, CSV and last lines in a terminal: each of its claims beside what came out here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from humanize import natural_list

from components.core import atomic, palette
from components.core.formatting import percent, plural
from components.reporting import figures as pictures
from components.reporting.environment import environment
from components.reporting.svg import inline
from components.results.record import LEAKY
from components.study import plan as study_plan
from components.study import results, rules
from components.study.declarations import Plan
from components.study.discovery import LABELS
from components.study.plan import DATA
from components.study.results import PROTOCOLS, Outcome

#: A mark that goes wherever such a figure goes.
WHOLE = "one row a song: repeats and artists on both sides"
#: Headings of the columns.
HEADINGS = dict(
    zip(PROTOCOLS, ("segment", "track", "k folds", "artists apart", "fault-filtered"), strict=True)
)
#: Classes of the verdicts' labels on the page.
PILLS = dict(zip(rules.VERDICTS, ("best", "warn", ""), strict=True))


def run(*, root: Path = Path()) -> dict[str, Any]:
    """Write ``data/study/index.html``, ``results.json`` and ``results.csv``; return the second, as :func:`collect`."""
    plan = study_plan.read(root)
    collected = collect(results.read(plan, root=root), plan=plan)
    page = render(collected)
    folder = root / DATA
    atomic.write_json(folder / "results.json", collected)
    with atomic.replacing(folder / "results.csv") as path:
        table(collected).to_csv(path, index=False)
    with atomic.replacing(folder / "index.html") as path:
        path.write_text(page, encoding="utf-8")
    return collected


def collect(outcomes: Mapping[str, Outcome], *, plan: Plan) -> dict[str, Any]:
    """Measure all experiments and decide on the findings.

    Returns
    -------
    dict
        JSON: ``budget``, ``found`` (lines), ``synthetic``, ``gpu``, ``experiments`` (by name, as :func:`row`),
        ``gains`` of ablations by protocol, ``pairs`` by protocol and form of the collection, ``findings``, ``counts``
        of their verdicts, ``counts_apart`` of those with artists apart, ``changes`` (numbers of the findings whose
        two verdicts differ), ``changes_sentence``, and ``scopes`` (of which songs figures with artists apart are).
    """
    gpu = any(fit.cost.gpu for outcome in outcomes.values() for fit in outcome.fits if fit.cost)
    findings = rules.decide_all(rules.Evidence(outcomes, gpu=gpu))
    verdicts, apart = (
        [getattr(finding, key) for finding in findings] for key in ("verdict", "verdict_apart")
    )
    changes = [finding.number for finding in findings if finding.changes]
    decided = len(apart) - apart.count("") - apart.count("cannot be tested here")
    return {
        "budget": plan.budget,
        "found": plan.found,
        "synthetic": bool(plan.synthetic),
        "gpu": gpu,
        "experiments": {name: row(outcome) for name, outcome in outcomes.items()},
        "gains": {
            name: results.gains(outcome, whole=outcomes[name[: name.index("_best") + len("_best")]])
            for name, outcome in outcomes.items()
            if outcome.declared.group == "ablation"
        },
        "pairs": {
            protocol: {
                form: [pair.model_dump(mode="json") for pair in pairs]
                for form, pairs in results.compared(outcomes, seed=plan.seed, protocol=protocol).items()
            }
            for protocol in ("artist", "track")
        },
        "findings": [asdict(finding) for finding in findings],
        "counts": {verdict: verdicts.count(verdict) for verdict in rules.VERDICTS},
        "counts_apart": {verdict: apart.count(verdict) for verdict in rules.VERDICTS},
        "changes": changes,
        "changes_sentence": changes_sentence(changes, decided=decided),
        "scopes": scopes(outcomes),
    }


def changes_sentence(changes: list[int], *, decided: int) -> str:
    """Write which findings have another verdict with artists apart.

    Parameters
    ----------
    changes : list of int
        Their numbers.
    decided : int
        How many findings could be decided with artists apart.
    """
    if not decided:
        return "No finding was decided with artists apart: most artists are unknown, or what it needs was not run."
    if not changes:
        return (
            f"With artists apart none of the {decided} findings that could be decided so changes its verdict."
        )
    noun, verb, whose = (
        ("finding", "changes", "its") if len(changes) == 1 else ("findings", "change", "their")
    )
    return f"With artists apart, {noun} {natural_list(list(map(str, changes)))} {verb} {whose} verdict."


def scopes(outcomes: Mapping[str, Outcome]) -> list[str]:
    """Write of which songs the main table's figures with artists apart are, and which rows have the same ones."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, outcome in outcomes.items():
        if outcome.declared.group == "model" and (found := outcome.figures.get("artist")):
            counted = f"{plural(found.songs, 'song')} by {plural(found.artists, 'artist')}"
            sentence = f"{counted} of {natural_list(list(found.genres))}"
            if found.confounded:
                few = natural_list(list(found.confounded))
                sentence += f"; too few artists for a headline (artist-confounded): {few}"
            rows.setdefault((outcome.form, sentence), []).append(name)
    return [f"{LABELS[form]} ({', '.join(names)}): {sentence}" for (form, sentence), names in rows.items()]


def lines(collected: Mapping[str, Any]) -> list[str]:
    """Return the main table for a terminal, one line a row that has figures, and which verdicts change."""
    listed = []
    for name, found in collected["experiments"].items():
        if found["group"] == "model" and found["figures"]:
            figures = found["figures"].items()
            shown = (f"{HEADINGS[protocol]} {percent(one['accuracy'])}" for protocol, one in figures)
            listed.append(f"{name:20} {', '.join(shown)}")
    counts = collected["counts"]
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return [
        *listed,
        *(f"artists apart, {line}" for line in collected["scopes"]),
        f"Findings: {verdicts}. {collected['changes_sentence']}",
    ]


def row(outcome: Outcome) -> dict[str, Any]:
    """Lay one experiment out as JSON: its declaration, ``figures`` by protocol, ``cost``, ``warnings`` and the like."""
    kept = {"title", "group", "model", "variant", "published", "feature", "set", "findings", "note"}
    done = outcome.done
    return {
        **outcome.declared.model_dump(mode="json", include=kept),
        "source": outcome.form,
        "budget": outcome.budget,
        "reason": outcome.reason,
        "failures": outcome.failures,
        "untrained": outcome.untrained,
        "unit": done[0].unit if done else "",
        "genres": len(done[0].genres) if done else 0,
        "tracks": outcome.tracks,
        "figures": {protocol: asdict(figures) for protocol, figures in outcome.figures.items()},
        "cost": outcome.cost,
        "warnings": sorted({line for fit in outcome.fits for line in fit.warnings}),
    }


def table(collected: Mapping[str, Any]) -> pd.DataFrame:
    """Lay the figures out as one row an experiment and protocol; one that was not run has a row with its reason."""
    rows = []
    for name, found in collected["experiments"].items():
        about = {"experiment": name, "variant": found["variant"], "published": found["published"]}
        for protocol, figures in found["figures"].items():
            named = {key: ", ".join(figures[key]) for key in ("genres", "confounded")}
            rows.append({**about, "protocol": protocol, **figures, **named, **found["cost"]})
        if not found["figures"]:
            rows.append({**about, "reason": found["reason"] or "; ".join(found["failures"])})
    return pd.DataFrame(rows)


def render(collected: Mapping[str, Any]) -> str:
    """Write the page as HTML, from what :func:`collect` returns.

    Every name in it is escaped: paths and genres come from people's files.
    """
    templates = environment(Path(__file__).parent)
    # Numbers and their units stay on one line.
    templates.filters["kept"] = lambda text: re.sub(r"(?<=\d) (?=%|s\b)", "\N{NO-BREAK SPACE}", text)
    experiments = collected["experiments"]
    families = list(dict.fromkeys(row["model"] for row in experiments.values()))
    groups: dict[str, dict[str, Any]] = {"model": {}, "ablation": {}, "side": {}}
    for name, row in experiments.items():
        groups[row["group"]][name] = row
    models: dict[str, dict[str, Any]] = {}
    for name, row in groups["model"].items():
        # The study's set and the best one of a model and feature are side by side.
        models.setdefault(name.removesuffix("_best"), {})[row["variant"]] = row
    return templates.get_template("page.html").render(
        result=collected,
        experiments=experiments,
        models=models,
        ablations=groups["ablation"],
        sides=groups["side"],
        colours={model: f"var(--m{place % 8 + 1})" for place, model in enumerate(families)},
        protocols=PROTOCOLS,
        headings=HEADINGS,
        removed=[
            one for one in PROTOCOLS if any(one in row["figures"] for row in groups["ablation"].values())
        ],
        compared=[
            (protocol, form, pairs)
            for protocol, forms in collected["pairs"].items()
            for form, pairs in forms.items()
        ],
        labels=LABELS,
        leaky=LEAKY,
        whole=WHOLE,
        pills=PILLS,
        costs=_costs(groups["model"], families=families),
    )


def _costs(rows: Mapping[str, Any], *, families: list[str]) -> list[Any]:
    """Draw accuracy against costs, for the study's sets on the same audio under its own protocol."""
    shown = {
        name: row
        for name, row in rows.items()
        if (row["source"], row["variant"]) == ("audio", "study")
        and "segment" in row["figures"]
        and row["cost"]
    }
    if len(shown) < 2:
        return []
    ends = ("segment_accuracy", "segment_accuracy_low", "segment_accuracy_high")
    accuracies = {name: tuple(row["figures"]["segment"][end] for end in ends) for name, row in shown.items()}
    colours = {name: palette.model(families.index(row["model"])) for name, row in shown.items()}
    axes = {
        "seconds a fit": {name: row["cost"]["seconds"] for name, row in shown.items()},
        "model and encoder, MiB": {name: row["cost"]["weights_bytes"] / 2**20 for name, row in shown.items()},
        "peak memory, MiB": {name: row["cost"]["peak_memory_mib"] for name, row in shown.items()},
    }
    return [
        inline(
            pictures.cost(accuracies, values=values, colours=colours, title=title),
            label=f"Accuracy against {title}",
        )
        for title, values in axes.items()
    ]
