"""TODO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.config.params import Params
from components.core.formatting import (
    listed,
    plural,
)
from components.reporting.inputs import Inputs
from components.training.record import LEAKY


def rivals(result: Mapping[str, Any]) -> str:
    """Say which models the best cannot be told from.

    Parameters
    ----------
    result : mapping
        What :func:`components.stages.compare.compare` returns.

    Returns
    -------
    str
        One sentence; '' for a single model.
    """
    best, equal = result["best"], []
    for name in result["ranking"][1:]:
        pair = next(pair for pair in result["pairs"] if {pair["left"], pair["right"]} == {best, name})
        equal += [] if pair["apart"] else [name]
    if len(result["ranking"]) == 1:
        return ""
    if not equal:
        return "The test songs tell it from every other model."
    return f"The test songs cannot tell it from {listed(equal)}."


def verdicts(result: Mapping[str, Any]) -> list[str]:
    """Say which models can be told apart.

    Parameters
    ----------
    result : mapping
        What :func:`components.stages.compare.compare` returns.

    Returns
    -------
    list of str
        One sentence a group that cannot be told apart, or that all can.
    """
    songs = plural(result["songs"], "test song")
    if len(result["ranking"]) < 2:
        return [f"Only one model, so there is nothing to tell apart on {songs}."]
    if not result["groups"]:
        return [f"On {songs} every model can be told from every other."]
    return [f"{listed(group)} cannot be told apart on {songs}." for group in result["groups"]]


def notes(inputs: Inputs, *, models: Mapping[str, Mapping[str, Any]], params: Params) -> list[str]:
    """Say what a reader must know before reading any figure.

    Parameters
    ----------
    inputs : Inputs
        What was compared.
    models : mapping
        The figures.
    params : Params
        The checked params.

    Returns
    -------
    list of str
        Plain sentences.
    """
    said = []
    if params.synthetic:
        said.append(
            "The songs were composed by code so that the workflow can run with nothing to download: these "
            "accuracies mean nothing about music."
        )
    if inputs.split.leaky:
        said.append(
            f"Protocol {inputs.split.protocol!r} is {LEAKY}: segments of one song are in train and in "
            "test, so these accuracies are higher than they would be on songs that no model has heard."
        )
    untrained = [name for name, row in models.items() if row["untrained"]]
    if untrained:
        verb = "uses" if len(untrained) == 1 else "use"
        said.append(
            f"† {listed(untrained)} {verb} an untrained encoder, since no pretrained weights were found: "
            "these figures do not show what the architecture can do."
        )
    most = max(row["test"]["songs"] for row in models.values())
    for name, row in models.items():
        if row["test"]["songs"] < most:
            said.append(
                f"{name} was asked about {row['test']['songs']:.0f} of the {most:.0f} test songs; pairs are "
                "compared on the songs that both were asked about."
            )
    said += [f"{name} is left out: {reason}." for name, reason in inputs.left_out.items()]
    return said
