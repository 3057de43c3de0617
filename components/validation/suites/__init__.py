"""Expectation suites, one file a feature extractor that needs more than any feature does.

A file is a suite if it has ``LIMITS``, the limits that differ for its feature, and ``extend(inputs, found, checks)``,
which adds columns, tables and expectations to those of any feature.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

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


def add_embedding(inputs: Inputs, found: Scan, summary: Checked) -> None:
    """Add what any frozen encoder's output must hold to the table ``summary``."""
    summary.add(
        [
            between("minimum", 0.0, None, "rectified activations, averages and deviations are not negative"),
            equal("claim_refused", 0, "untrained weights only where allow_untrained_encoders is true"),
        ],
        claim_refused=inputs.claim_refused,
        minimum=found.columns["minimum"].min(),
        similarity=signal.similarity(found.profiles),
        spread=signal.spread(found.profiles),
    )
