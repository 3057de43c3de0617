"""Suite of ``musicnn_embedding``: layers of networks that distinguish music, of either sign."""

from __future__ import annotations

from components.validation import suites
from components.validation.checkpoint import Checks
from components.validation.limits import Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

#: Three quarters of the pooled channels of msd are constants, and many more are seldom above their
#: smallest value.
LIMITS = Limits(constant_columns=0.8, constant_elements=0.8, piled_columns=0.4, zeros=1.0)


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what the layers must hold."""
    suites.add_embedding(inputs, found, checks["summary"], rectified=False)
    suites.add_layers(inputs, found, checks["summary"], first=0)
