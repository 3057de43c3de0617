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


def test_the_last_column_is_whole_beside_the_widest_interval(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch).record
    widest = {"accuracy": 1.0, "accuracy_low": 0.96, "accuracy_high": 1.0, "top2_accuracy": 1.0, "ece": 0.03}
    model = found.models["mlp"]
    groups = {group: figures.model_copy(update=widest) for group, figures in model.groups.items()}
    found = found.model_copy(update={"models": {"yamnet_lstm": model.model_copy(update={"groups": groups})}})
    console = Console(file=io.StringIO(), width=80)
    terminal.show(found, console=console)
    rows = [line for line in console.file.getvalue().splitlines() if "100.0 (96 to 100)" in line]
    assert len(rows) == len(groups)
    assert all(line.rstrip().endswith(" 0.03") for line in rows)
