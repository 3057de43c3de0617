"""Suite of ``encoders_embedding``: statistics of YAMNet's frames, then musicnn's layers."""

from __future__ import annotations

from components.features.encoders.yamnet import WIDTH
from components.validation import signal, suites
from components.validation.checkpoint import Checks, between
from components.validation.limits import Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

LIMITS = Limits(constant_columns=0.9, constant_elements=0.9, piled_columns=0.4, zeros=1.0)


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what each encoder's columns must hold; for trained YAMNet see the suite of ``yamnet_embedding``."""
    first = WIDTH * len(inputs.options.get("statistics", ()))
    columns, mean = found.columns.iloc[:first], found.columns["mean"].iloc[:WIDTH]
    rectified = [between("smallest", 0.0, None, "statistics of rectified activations are not negative")]
    if inputs.trained:
        rectified += [
            between("size", 0.01, 0.6, "activations of trained weights on samples of -1..1"),
            between("alike", None, 0.93, "a trained encoder distinguishes tracks"),
        ]
    suites.add_embedding(inputs, found, checks["summary"], rectified=False)
    suites.add_layers(inputs, found, checks["summary"], first=first)
    checks["summary"].add(
        rectified,
        smallest=columns["minimum"].min(),
        size=mean.mean(),
        alike=signal.similarity(found.profiles[:, :first]),
    )
