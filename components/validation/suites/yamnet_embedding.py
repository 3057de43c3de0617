"""Suite of ``yamnet_embedding``: averages of rectified activations, sparse and selective behind trained weights."""

from __future__ import annotations

from components.features.encoders.yamnet import SAMPLE_RATE, WIDTH, patch_starts
from components.validation import suites
from components.validation.checkpoint import Checks, agree, between, equal
from components.validation.limits import Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

#: A third of the units is silent on fifty tracks of music: they stand for speech, animals, engines.
LIMITS = Limits(constant_columns=0.9, constant_elements=0.95, piled_columns=0.05, zeros=1.0)


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what embeddings must hold.

    The figures for trained weights were measured on 50 tracks of ten genres: 77 % zeros, mean 0.064, largest
    4.4, mean cosine between tracks 0.58. The same tracks through random weights: 17 % zeros, mean 0.23, cosine
    0.98; from samples of -32768..32767: 72 %, 2.9, largest 348, 0.97; from samples divided by 32768 twice: 8 %,
    1.6, 7.7, 0.9998.
    """
    columns, shape = found.columns, inputs.values.shape
    samples = round(inputs.params.segments.seconds * SAMPLE_RATE)
    embedding = [
        equal("width", WIDTH, "YAMNet's embedding has 1,024 numbers"),
        agree("views", "views_due", "the clip as it is, and once at each of the option's speeds"),
        agree("frames", "frames_due", "as many patches of 0.96 s as begin every 0.48 s, at 16 kHz"),
    ]
    if inputs.trained:
        embedding += [
            between("maximum", 0.5, 20.0, "activations of trained weights on samples of -1..1"),
            between("mean", 0.01, 0.25, "activations of trained weights on samples of -1..1"),
            between("zeros", 0.5, 0.97, "a trained encoder is sparse: most units are silent"),
            between("similarity", None, 0.93, "a trained encoder distinguishes tracks"),
        ]
    suites.add_embedding(inputs, found, checks["summary"])
    checks["summary"].add(
        embedding,
        width=shape[-1],
        frames=shape[-2] if len(shape) in (3, 4) else 0,
        frames_due=len(patch_starts(samples)),
        views=shape[1] if len(shape) == 4 else 1,
        views_due=1 + len(inputs.options.get("speeds", ())),
        maximum=columns["maximum"].max(),
        mean=columns["mean"].mean(),
        zeros=columns["zeros"].mean(),
    )
