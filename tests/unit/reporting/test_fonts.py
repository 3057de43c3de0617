"""Names in any script are drawn by an installed font that has them, or as boxes, and never with a warning a letter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib import font_manager

from components.reporting import figures, fonts

#: A font that comes with matplotlib, as if it were installed: of の and 日 it has one, and the default has neither.
INSTALLED = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "broken.ttf").write_text("no font")
    paths = [str(tmp_path / "broken.ttf"), str(INSTALLED), str(tmp_path / "gone.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: paths)
    fonts._found.cache_clear()
    yield
    fonts._found.cache_clear()


def test_a_name_that_the_default_has_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager, "findSystemFonts", None)
    assert fonts.families("Ünïcode & rock\n") == ("sans-serif",)
    assert fonts.missing("Ünïcode & rock\n") == ""


def test_another_one_is_drawn_by_an_installed_font_that_has_it() -> None:
    assert fonts.families("jazz の") == ("sans-serif", "STIXGeneral")
    assert fonts.missing("jazz の") == ""


def test_what_no_font_has_is_named_once_in_order() -> None:
    assert fonts.missing("日本の日") == "日本"
    assert fonts.families("日の") == ("sans-serif", "STIXGeneral", fonts.BOXES)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_figure_is_drawn_without_a_warning(tmp_path: Path, kind: str) -> None:
    genres = ["rock", "の", "日本", "\U0001f3b8"]
    drawn = figures.confusion(pd.DataFrame(1, index=genres, columns=genres))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn.savefig(tmp_path / f"picture.{kind}")
