"""The pages are true: the example model builds, commands exist, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml

from components import cli, presets, search_space
from components.params import ModelParams
from tests.conftest import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands(group: typer.Typer, prefix: str = "") -> set[str]:
    found = {
        prefix + (command.name or command.callback.__name__.replace("_", "-"))
        for command in group.registered_commands
        if command.callback is not None
    }
    for below in group.registered_groups:
        assert below.typer_instance is not None
        found |= commands(below.typer_instance, f"{prefix}{below.name} ")
    return found


def test_the_example_model_builds_from_its_example_block() -> None:
    page = PROJECT / "docs" / "add-a-model.md"
    scope: dict[str, object] = {}
    exec(blocks(page, "python")[0], scope)
    block = ModelParams.model_validate(yaml.safe_load(blocks(page, "yaml")[0])["models"]["attention"])
    hp = search_space.space(block.search).values | block.study
    model = scope["build"](hp, input_shape=(6, 1024), classes=3)  # type: ignore[operator]
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_genre_command_on_a_page_exists(page: Path) -> None:
    known = commands(cli.app)
    shown = re.findall(
        r"(?:^|`|&& )genre ((?:stage )?[a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert set(shown) <= known, set(shown) - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_preset_on_a_page_exists(page: Path) -> None:
    shown = re.findall(r"genre use ([a-z-]+)", page.read_text(encoding="utf-8"))
    assert set(shown) <= set(presets.names())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
