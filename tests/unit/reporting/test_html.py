"""The report: whole in one file, every name escaped, and each model's lineage."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from components.reporting import html
from tests.support import finished_project
from tests.support.records import training_record

EVIL = "<script>alert('x')</script>"
SECTIONS = ("models", "errors", "songs", "sure", "learning", "tuning", "cost", "data", "lineage")


@pytest.fixture(scope="module")
def five(five_models) -> str:
    """The report of five models."""
    return (five_models[0] / "report" / "index.html").read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Collects each opening tag with its attributes, and each id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_it_is_one_file_that_loads_nothing(five):
    elements = Elements(five).tags
    for tag, attributes in elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        for key in ("href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#"), (tag, attributes)
    assert "default-src 'none'" in five
    assert not re.search(r"url\((?!#)", five)


def test_it_is_far_smaller_than_six_megabytes(five):
    assert len(five.encode()) < 2_000_000


def test_every_section_is_there_and_every_id_once(five):
    ids = [attributes["id"] for _, attributes in Elements(five).tags if "id" in attributes]
    assert set(SECTIONS) <= set(ids)
    assert len(ids) == len(set(ids))


def test_names_from_files_are_escaped_everywhere(tmp_path):
    text = finished_project.report(tmp_path, genres=(EVIL, "b & c", "$x$ {{ 7 * 7 }}"), trials=3)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "{{ 7 * 7 }}" in text
    assert sum(tag == "script" for tag, _ in Elements(text).tags) == 1


def test_the_leaky_protocol_and_the_untrained_encoder_are_marked_beside_each_such_model(tmp_path):
    text = finished_project.report(tmp_path / "leaky", protocol="segment", genres=("a", "b"), trials=0)
    assert text.count("leaky: songs on both sides") >= 5
    assert "untrained encoder" not in text
    untrained = finished_project.report(
        tmp_path / "untrained", untrained=("yamnet",), genres=("a", "b"), trials=0
    )
    assert untrained.count("untrained encoder") >= 3
    assert "leaky" not in untrained


def test_what_was_left_out_is_named_with_its_reason(five):
    assert "blues.broken: no RIFF header" in five
    assert "values.coefficient_1: observed -1131.4 in 3 rows; expected -1000 to 1000" in five


@pytest.mark.parametrize("trials", [0, 1, 2])
def test_a_search_too_short_for_importance_says_so(tmp_path, trials):
    text = finished_project.report(tmp_path, models=("mlp",), genres=("a", "b"), trials=trials)
    assert ("needs 10 scored trials" in text) is (trials > 0)
    assert ("No table of trials" in text) is (trials == 0)


def test_every_picture_takes_its_colours_from_the_page(five):
    pictures = re.findall(r'<svg class="picture".*?</svg>', five, flags=re.DOTALL)
    assert len(pictures) == 5 * 5 + 3
    for picture in pictures:
        assert not set(re.findall(r"#[0-9a-f]{6}\b", picture)) - {"#000000"}, picture[:200]


MODEL = SimpleNamespace(
    name="mlp",
    record=training_record(
        hyperparameters={"dropout_rate": 0.15000000000000002, "units_1": 32, "dropout_1": True}
    ),
)


class TestLineage:
    @staticmethod
    def lineage(*, code: str = "abc", **hashes: str) -> dict[str, str]:
        inputs = SimpleNamespace(hashes=hashes, code=code)
        return html.lineage(MODEL, inputs=inputs, params=finished_project.params(models=("mlp",)))

    def test_the_hashes_are_of_what_this_model_was_made_of(self):
        hashes = {"data/raw/synthetic": "aa.dir", "data/splits": "bb", "data/models/lstm/model.keras": "cc"}
        hashes |= {"data/features/mfcc_summary": "dd", "data/models/mlp/model.keras": "ee"}
        found = self.lineage(**hashes)
        assert {key: value for key, value in found.items() if key.startswith(("DVC", "git"))} == {
            "git commit of the comparison": "abc",
            "DVC, data/raw/synthetic": "aa.dir",
            "DVC, data/splits": "bb",
            "DVC, data/features/mfcc_summary": "dd",
            "DVC, data/models/mlp/model.keras": "ee",
        }

    def test_an_unknown_entry_is_left_out(self):
        assert not [key for key in self.lineage(code="") if key.startswith(("DVC", "git"))]

    def test_a_step_added_up_is_written_short(self):
        assert self.lineage()["hyperparameters"] == "dropout_1 True, dropout_rate 0.15, units_1 32"
