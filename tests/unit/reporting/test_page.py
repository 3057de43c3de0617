"""The page: whole in one file, safe with anybody's names, and readable in light, dark and on a phone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.stages import compare
from tests.unit.reporting import finished_project

EVIL = "<script>alert('x')</script>"
SECTIONS = ("models", "errors", "songs", "sure", "learning", "tuning", "cost", "data", "lineage")


def page(root: Path, *, models=("mlp", "yamnet"), **chosen) -> str:
    finished_project.build(root, models=models, **chosen)
    compare.run(
        params=finished_project.params(models=models, protocol=chosen.get("protocol", "track")), root=root
    )
    return (root / "report" / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def five(tmp_path_factory) -> Path:
    """The page of five models."""
    root = tmp_path_factory.mktemp("five")
    page(root, models=tuple(finished_project.SKILLS), untrained=("vgg16",))
    return root / "report" / "index.html"


class Elements(HTMLParser):
    """Collects each opening tag with its attributes, and each id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_it_is_one_file_that_loads_nothing(five):
    elements = Elements(five.read_text()).tags
    for tag, attributes in elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        for key in ("href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#"), (tag, attributes)
    assert "default-src 'none'" in five.read_text()
    assert not re.search(r"url\((?!#)", five.read_text())


def test_it_is_far_smaller_than_six_megabytes(five):
    assert five.stat().st_size < 2_000_000


def test_every_section_is_there_and_every_id_once(five):
    ids = [attributes["id"] for _, attributes in Elements(five.read_text()).tags if "id" in attributes]
    assert set(SECTIONS) <= set(ids)
    assert len(ids) == len(set(ids))


def test_names_from_files_are_escaped_everywhere(tmp_path):
    text = page(tmp_path, genres=(EVIL, "b & c", "$x$ {{ 7 * 7 }}"), trials=3)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "{{ 7 * 7 }}" in text
    assert sum(tag == "script" for tag, _ in Elements(text).tags) == 1


def test_the_leaky_protocol_and_the_untrained_encoder_are_marked_beside_each_such_model(tmp_path):
    text = page(tmp_path / "leaky", protocol="segment", genres=("a", "b"), trials=0)
    assert text.count("leaky: songs on both sides") >= 5
    assert "untrained encoder" not in text
    untrained = page(tmp_path / "untrained", untrained=("yamnet",), genres=("a", "b"), trials=0)
    assert untrained.count("untrained encoder") >= 3
    assert "leaky" not in untrained


def test_what_was_left_out_is_named_with_its_reason(five):
    text = five.read_text()
    assert "blues.broken: no RIFF header" in text
    assert "values.coefficient_1: observed -1131.4 in 3 rows; expected -1000 to 1000" in text


@pytest.mark.parametrize("trials", [0, 1, 2])
def test_a_search_too_short_for_importance_says_so(tmp_path, trials):
    text = page(tmp_path, models=("mlp",), genres=("a", "b"), trials=trials)
    assert ("needs 10 scored trials" in text) is (trials > 0)
    assert ("No table of trials" in text) is (trials == 0)


def test_every_picture_takes_its_colours_from_the_page(five):
    pictures = re.findall(r'<svg class="picture".*?</svg>', five.read_text(), flags=re.DOTALL)
    assert len(pictures) == 5 * 4 + 3
    for picture in pictures:
        assert set(re.findall(r"#[0-9a-f]{6}\b", picture)) <= {"#ffffff", "#000000"}, picture[:200]
