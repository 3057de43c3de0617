"""The pages are true: the example model builds, links lead somewhere. Their commands: test_docs_commands.py."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import networkx as nx
import pytest
import yaml

from components.config import presets
from components.config.params import Params
from tests.conftest import PROJECT

PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_example_model_builds_from_its_example_block() -> None:
    page = PROJECT / "docs" / "add-a-model.md"
    scope: dict[str, object] = {}
    exec(blocks(page, "python")[0], scope)
    document = yaml.safe_load(presets.compose("demo"))
    document["models"] = yaml.safe_load(blocks(page, "yaml")[0])["models"]
    hp = Params.model_validate(document).model("attention").first_set
    model = scope["build"](hp, input_shape=(6, 1024), classes=3)  # type: ignore[operator]
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_preset_on_a_page_exists(page: Path) -> None:
    shown = re.findall(r"genre config use ([a-z-]+)", page.read_text(encoding="utf-8"))
    assert set(shown) <= set(presets.names())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_block_of_code_says_what_it_is(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(fences) % 2 == 0
    assert set(fences[::2]) <= {"sh", "text", "python", "yaml", "mermaid"}
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_python_block_is_python(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


def test_the_files_to_read_exist_and_are_few() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:components|flows|tests)/[^`<]*)`", page):
        assert (PROJECT / path).exists(), path
    listed = re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)
    assert len(listed) <= 22
    assert sum(len((PROJECT / path).read_text(encoding="utf-8").splitlines()) for path in listed) <= 4000


def test_every_room_is_in_the_drawing() -> None:
    drawing = blocks(PROJECT / "docs" / "architecture.md", "mermaid")[0]
    rooms = {path.parent.name for path in (PROJECT / "components").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"(\w+)\[", drawing))


def test_the_arrows_are_the_imports_among_rooms() -> None:
    drawing = blocks(PROJECT / "docs" / "architecture.md", "mermaid")[0]
    drawn = nx.DiGraph(re.findall(r"^ *(\w+)(?:\[.*?\])? --> (\w+)", drawing, flags=re.MULTILINE))
    drawn.remove_node("flows")
    code = grimp.build_graph("components", exclude_type_checking_imports=True, cache_dir=None)
    imports = nx.DiGraph()
    for importer in code.modules - {"components"}:
        for imported in code.find_modules_directly_imported_by(importer) - {"components"}:
            one, other = importer.split(".")[1], imported.split(".")[1]
            if one != other:
                imports.add_edge(one, other)
    # What follows from other arrows is not drawn.
    assert set(drawn.edges) == set(nx.transitive_reduction(imports).edges)
