"""Made-up pairs of models."""

from __future__ import annotations

from components.evaluation.pair import Pair


def pair(left: str, right: str, *, apart: bool) -> Pair:
    """Two models that can be told apart, or cannot."""
    only, p_value = (40, 1e-6) if apart else (1, 1.0)
    return Pair(
        left=left,
        right=right,
        songs=100,
        left_accuracy=0.5 + only / 100,
        right_accuracy=0.5,
        difference=only / 100,
        low=0.3 if apart else -0.1,
        high=0.5,
        left_only=only,
        right_only=0,
        p_value=p_value,
        p_adjusted=p_value,
        unshared=0,
    )
