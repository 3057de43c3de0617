"""Expectation suites, one file a feature extractor that needs more than any feature does.

A file is a suite if it has ``LIMITS``, the limits that differ for its feature, and ``extend(inputs, found, checks)``,
which adds columns, tables and expectations to those of any feature.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

from components.features.encoders import musicnn
from components.validation import signal
from components.validation.checkpoint import Checked, agree, between, equal
from components.validation.scan import Scan
from components.validation.tables import Inputs


def find(extractor: str) -> ModuleType | None:
    """Import the suite of a feature extractor; None where it has none."""
    if extractor not in {module.name for module in pkgutil.iter_modules(__path__)}:
        return None
    return import_module(f"{__name__}.{extractor}")


def add_sequence(inputs: Inputs, summary: Checked) -> None:
    """Add what any sequence of audio frames must hold to the table ``summary``."""
    sequences = inputs.values.ndim == 3
    summary.add(
        [
            agree("frames", "frames_due", "one frame every hop length of the segment, at the right rate"),
            between("continuity", 0.3, None, "a frame shares three quarters of its samples with the next"),
        ],
        frames=inputs.values.shape[1] if sequences else 0,
        frames_due=inputs.frames,
        continuity=signal.continuity(inputs.values) if sequences else 0.0,
    )


def add_embedding(inputs: Inputs, found: Scan, summary: Checked, *, rectified: bool = True) -> None:
    """Add what any frozen encoder's output, of either sign where not ``rectified``, must hold to ``summary``."""
    positive = between(
        "minimum", 0.0, None, "rectified activations, averages and deviations are not negative"
    )
    varying = found.columns[found.columns["std"] > 0]
    unit = varying["mean"].abs().lt(1e-3) & varying["std"].sub(1.0).abs().lt(1e-2)
    summary.add(
        [
            between(
                "standardised_share",
                None,
                0.1,
                "columns are standardised by the model, on training rows only",
            ),
            equal("claim_refused", 0, "untrained weights only where allow_untrained_encoders is true"),
            *([positive] if rectified else []),
        ],
        standardised_share=float(unit.mean()) if len(unit) else 0.0,
        claim_refused=inputs.claim_refused,
        minimum=found.columns["minimum"].min(),
        similarity=signal.similarity(found.profiles),
        spread=signal.spread(found.profiles),
    )


#: Largest mean cosine between tracks of each layer of trained networks. On 50 tracks of ten genres, msd and mtt, the
#: layers have 0.14 and 0.39, 0.59 and 0.78, 0.90 and 0.86, 0.93 and 0.90; random weights have 0.99 in each, samples
#: of -32768..32767 0.97 and more, samples divided by 32768 twice 1.00.
SIMILAR = {"penultimate": 0.8, "mean_pool": 0.93, "max_pool": 0.95, "tags": 0.97}


def add_layers(inputs: Inputs, found: Scan, summary: Checked, *, first: int) -> None:
    """Add what musicnn's layers, from column ``first`` on, must hold to the table ``summary``.

    Mean log-odds of the tags of trained networks are -4.7 and -4.6 on 50 tracks, largest 2.6; from samples of
    -32768..32767 -17.9 and -14.0, of random weights -0.3 and -1.2.
    """
    options = inputs.options
    pairs = [(network, layer) for network in options["networks"] for layer in options["layers"]]
    due = first + sum(musicnn.WIDTHS[layer] for _, layer in pairs)
    summary.add(
        [agree("width", "width_due", "the layers of params.yaml, side by side")],
        width=inputs.values.shape[-1],
        width_due=due,
    )
    if not inputs.trained or inputs.values.shape[-1] != due:
        return
    for network, layer in pairs:
        columns = slice(first, first := first + musicnn.WIDTHS[layer])
        name = f"{network}_{layer}"
        alike = signal.similarity(found.profiles[:, columns])
        reason = "a trained encoder distinguishes tracks"
        summary.add(
            [between(f"{name}_similarity", None, SIMILAR[layer], reason)], **{f"{name}_similarity": alike}
        )
        if layer == "tags":
            size = found.columns["mean"].iloc[columns].mean()
            reason = "few of 50 tags fit a piece of music"
            summary.add([between(f"{name}_mean", -8.0, -2.0, reason)], **{f"{name}_mean": size})
