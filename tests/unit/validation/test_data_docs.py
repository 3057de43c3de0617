"""Great Expectations' pages with what they load beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from components.validation import checkpoint
from components.validation.checkpoint import Checked, between, expect


def drawn(folder: Path, expectations: list[object]) -> list[Path]:
    table = pd.DataFrame({"value": [1.0, 2.0, 2.0, 3.0]})
    checkpoint.run("loudness", checks={"rows": Checked(table, expectations)}, docs=folder)
    return sorted(folder.rglob("*.html"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The pages of a suite of which one expectation fails."""
    folder = tmp_path_factory.mktemp("docs")
    return folder, drawn(folder, [between("value", 0.0, 9.0, "passes"), between("value", 5.0, 9.0, "fails")])


def test_a_suite_and_its_result_have_a_page_each(pages: tuple[Path, list[Path]]) -> None:
    folder, found = pages
    assert [page.relative_to(folder).parts[0] for page in found] == ["expectations", "validations"]
    assert "fails" in found[1].read_text(encoding="utf-8")


def test_all_that_a_page_loads_lies_beside_it(pages: tuple[Path, list[Path]]) -> None:
    folder, found = pages
    for page in found:
        head = page.read_text(encoding="utf-8").partition("</head>")[0]
        loaded = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', head)
        assert len(loaded) == 4
        assert all((page.parent / one).resolve().is_relative_to(folder.resolve()) for one in loaded)
        assert [one for one in loaded if not (page.parent / one).is_file()] == []
        assert not re.search(r"<(?:script|link|img)[^>]+https?:", page.read_text(encoding="utf-8"))


def test_licences_of_what_is_copied_lie_beside_it(pages: tuple[Path, list[Path]]) -> None:
    assets = pages[0] / "assets"
    listed = (assets / "LICENSES.txt").read_text(encoding="utf-8")
    assert [path.name for path in assets.iterdir() if path.name not in listed + "LICENSES.txt"] == []


def test_a_page_with_a_graph_has_vega_beside_it(tmp_path: Path) -> None:
    partition = {"bins": [0.0, 2.0, 4.0], "weights": [0.25, 0.75]}
    graph = expect(
        "ColumnKLDivergenceToBeLessThan", "graph", column="value", partition_object=partition, threshold=9.0
    )
    found = drawn(tmp_path, [graph])
    with_graph = [page for page in found if "vegaEmbed(" in page.read_text(encoding="utf-8")]
    assert with_graph and (tmp_path / "assets" / "vega.js").is_file()
    assert all("assets/vega.js" in page.read_text(encoding="utf-8") for page in with_graph)
