"""The result in the terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from components.config.params import Params
from components.external_evaluation import terminal
from tests.support import evaluated_models


def test_each_group_and_genre_and_file_left_out_is_printed(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch).record
    found = found.model_copy(
        update={
            "left_out": {f"[red]{place}.wav": "broken" for place in range(25)},
            "unknown_genres": {"ska": 3},
        }
    )
    console = Console(file=io.StringIO(), width=80)
    terminal.show(found, folder=Path("out"), console=console)
    text = console.file.getvalue()
    for words in (
        "artists it was",
        "songs it was",
        "new artists",
        "ECE",
        "ska (3)",
        "[red]0.wav: broken",
        "and 5 more",
    ):
        assert words in text
    assert found.models["mlp"].gap.sentence in text
    assert max(map(len, text.splitlines()[:12])) <= 80
