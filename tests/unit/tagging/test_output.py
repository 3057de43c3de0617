"""The table of `genre tag`: outcomes counted, names taken literally."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from components.tagging import output
from components.tagging.propose import Choice, Song
from tests.support import constant_model

SONGS = [
    Song(Path("[red]a.mp3"), (), False, {"jazz": 0.7, "rock": 0.2}, "proposed"),
    Song(Path("b.mp3"), ("Polka",), True, {"jazz": 0.7}, "kept", "has one already"),
    Song(Path("c.mp3"), (), False, None, "failed", "silent"),
]


def shown(**about):
    console = Console(file=io.StringIO(), width=120)
    model = constant_model.loaded_model()
    output.show(SONGS, choice=Choice(), model=model, console=console, **about)
    return console.file.getvalue()


def test_each_file_with_what_it_has_and_what_is_proposed():
    text = shown(write=False)
    for part in ("[red]a.mp3", "jazz, rock", "70%, 20%", "Polka", "has one already", "silent"):
        assert part in text
    assert "1 proposed, 1 kept as they are, 1 failed" in text
    assert "--write" in text
    assert "trained on synthetic songs" in text


def test_nothing_says_write_once_it_was():
    assert "--write" not in shown(write=True)


def test_undone_files_are_counted_and_others_named():
    console = Console(file=io.StringIO(), width=120)
    output.show_undone(3, left={"/m/a.mp3": "changed"}, journal=Path("x.jsonl"), console=console)
    assert "/m/a.mp3: changed" in console.file.getvalue()
    assert "3 files" in console.file.getvalue()


def test_lines_are_not_broken_where_there_is_no_terminal():
    console = Console(file=io.StringIO(), width=40)
    output.show_undone(
        1, left={"/music/" + "a" * 60 + ".mp3": "changed"}, journal=Path("x.jsonl"), console=console
    )
    left, restored = console.file.getvalue().splitlines()
    assert left.endswith("a.mp3: changed")
    assert restored == "1 file has its earlier value again (journal x.jsonl)"
