"""Suite of ``vggish_embedding``: frames of an encoder, of either sign."""

from __future__ import annotations

from components.features.encoders.vggish import FRAME_HOP, OVERLAP, SAMPLE_RATE, WIDTH
from components.validation import suites
from components.validation.checkpoint import Checks, agree, equal
from components.validation.limits import Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

LIMITS = Limits(constant_columns=0.1, constant_elements=0.1)


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what embeddings must hold; what trained weights give was not measured."""
    shape = inputs.values.shape
    samples = round(inputs.params.segments.seconds * SAMPLE_RATE)
    suites.add_embedding(inputs, found, checks["summary"], rectified=False)
    checks["summary"].add(
        [
            equal("width", WIDTH, "VGGish's embedding has 128 numbers"),
            agree("frames", "frames_due", "a frame each whole 0.96 s, at 16 kHz"),
        ],
        width=shape[-1],
        frames=shape[1] if len(shape) == 3 else 0,
        frames_due=max(1, (samples - OVERLAP) // FRAME_HOP),
    )
