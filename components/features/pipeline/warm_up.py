"""Compile the running median once, so that no extraction waits for it.

Run it as ``python -m components.features.pipeline.warm_up``. Numba keeps what it compiled beside the source, for the
processor it was compiled on.
"""

from __future__ import annotations

import numpy as np


def compile_all() -> None:
    """Extract from a second of noise; whatever that takes is compiled and kept."""
    from components.features import mfcc_summary

    noise = 0.1 * np.random.default_rng(0).standard_normal(mfcc_summary.SAMPLE_RATE)
    mfcc_summary.extract(noise.astype(np.float32)[np.newaxis], options=mfcc_summary.Options())


if __name__ == "__main__":
    compile_all()
