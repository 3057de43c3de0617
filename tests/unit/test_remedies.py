"""Commands that messages name: the command line has each of them, and each DVC stage exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer
import yaml

from tests.conftest import PROJECT

SOURCES = sorted(path for room in ("components", "flows") for path in (PROJECT / room).rglob("*.py"))


@cache
def commands() -> Any:
    """Return the command line as click's tree of commands."""
    import flows.cli  # noqa: F401  adds its commands
    from components import cli

    return typer.main.get_command(cli.app)


def texts(source: str) -> Iterator[str]:
    """Yield every string of a module, X in place of what an f-string fills in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def known(words: list[str]) -> bool:
    """Whether the words begin with a command, its options included."""
    command = commands()
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if (name := words.pop(0)) not in command.commands:
            return False
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= options | {"--help"}


def unknown(source: str) -> list[str]:
    """List what a source names as a command and is none, in backticks or as a subcommand without its group."""
    below = {name for one in commands().commands.values() for name in getattr(one, "commands", ())}
    bare = re.compile(rf"(?<!`)\bgenre ({'|'.join(sorted(below - commands().commands.keys()))})\b(?! \w+ing)")
    found = []
    for text in texts(source):
        found += in_prose(text)
        found += [match.group() for match in bare.finditer(text) if "\n" not in text]
    return sorted(set(found))


def in_prose(text: str) -> list[str]:
    """List commands that are none among those that a text has in backticks or as HTML's code."""
    named = re.findall(r"(?:`|<code>)genre ([^`<]+)(?:`|</code>)", text)
    return [line for line in named if not known(line.split())]


def test_a_command_that_is_none_is_found() -> None:
    assert in_prose("<code>genre compare</code> and `genre run`") == ["compare"]
    assert unknown('f"extract it again: genre features {name}"') == ["genre features"]
    assert unknown('"run `genre features X`"') and unknown('"run `genre run --models a`"')
    assert not unknown('f"run `genre stage features {name}` or `genre run --model a`"')


def test_every_command_in_a_message_exists() -> None:
    found = {str(path): unknown(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_command_in_a_template_exists() -> None:
    pages = [path for kind in ("html", "md", "js") for path in (PROJECT / "components").rglob(f"*.{kind}")]
    pages += [PROJECT / name for name in ("dvc.yaml", "params.yaml", "prefect.yaml", "compose.yaml")]
    assert {str(path): found for path in pages if (found := in_prose(path.read_text(encoding="utf-8")))} == {}
    assert any("<code>genre " in path.read_text(encoding="utf-8") for path in pages)


def test_every_stage_in_a_message_exists() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for path in SOURCES:
        for text in texts(path.read_text(encoding="utf-8")):
            for name in re.findall(r"`dvc repro ([a-zX]+)", text):
                assert name in {*stages, "X"}, f"{path}: {text}"
