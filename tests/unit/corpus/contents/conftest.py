"""Small made files, and what is found in them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components.corpus.contents import look
from components.corpus.contents.found import Contents

RATE, SECONDS = 44_100, 2.0


def encoded(form: str, *, rate: int = RATE, channels: int = 1, **options: str) -> bytes:
    noise = np.random.default_rng(0).normal(0, 0.1, (round(SECONDS * rate), channels)).astype(np.float32)
    written = io.BytesIO()
    soundfile.write(written, noise, rate, format=form, **options)
    return written.getvalue()


@pytest.fixture
def of(tmp_path: Path) -> Callable[..., Contents]:
    def looked_through(content: bytes, *, form: str = "") -> Contents:
        (tmp_path / "file").write_bytes(content)
        with (tmp_path / "file").open("rb") as file:
            return look.of(file.fileno(), form=form)

    return looked_through
