"""What ``meta.json`` claims of a frozen encoder's weights, and whether the params let that pass."""

from __future__ import annotations

from components.validation.inputs import Inputs


def claim(inputs: Inputs) -> dict[str, int]:
    """Return facts about the claim.

    Parameters
    ----------
    inputs : Inputs
        A feature of a frozen encoder.

    Returns
    -------
    dict
        ``claim_refused``: 1 where nothing is claimed, or untrained weights are and may not be used.
    """
    told = inputs.meta.get("pretrained")
    known = isinstance(told, dict) and isinstance(told.get("trained"), bool) and bool(told.get("sha256"))
    return {
        "claim_refused": int(not known or not (claimed(inputs) or inputs.params.allow_untrained_encoders))
    }


def claimed(inputs: Inputs) -> bool:
    """Say whether the weights are claimed to be trained."""
    told = inputs.meta.get("pretrained")
    return isinstance(told, dict) and told.get("trained") is True
