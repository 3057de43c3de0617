"""`genre tag --write` killed at any step: a file is the old one or the new one, and undo makes it the old one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.tagging import command, journal, tags
from tests.support import tagged_files

#: Writes a genre into two files, the first whole; a line of Python takes the process away at a step of the second.
WRITER = """
import os, shutil, signal, sys
from pathlib import Path
from components.core import atomic
from components.tagging import command, journal, propose, tags, write

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half(source, target):
    target.write_bytes(source.read_bytes()[:1000])
    killed()

def half_a_line(self, change):
    self._file.write('{"file": "')
    self._file.flush()
    killed()

choice = propose.Choice()
with journal.locked(Path(sys.argv[1])) as folder:
    kept = journal.Journal(folder)
    for number, name in enumerate(sys.argv[3:]):
        song = propose.read(Path(name), choice=choice)
        if number:
            exec(sys.argv[2])
        command._write(propose.replace(song, proposed={"Jazz": 0.9}, outcome="proposed"), field="genre", kept=kept)
    killed()
"""

STEPS = {
    "in the middle of the copy": "shutil.copy2 = half",
    "before the tag is in the copy": "write.tags.write = killed",
    "in the middle of the journal": "journal.Journal.add = half_a_line",
    "between journal and file": "Path.replace = killed",
    "after the last file": "",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_run_leaves_whole_files_and_is_taken_back(tmp_path: Path, step: str) -> None:
    files = [tagged_files.make(tmp_path / name) for name in ("a.flac", "b.mp3")]
    sounds, untagged = [tagged_files.sound(file) for file in files], files[1].read_bytes()
    root = tmp_path / "data"
    words = [sys.executable, "-c", WRITER, str(root), STEPS[step], *map(str, files)]
    assert subprocess.run(words, check=False).returncode == -9
    written = 2 if step == "after the last file" else 1
    assert [tags.read(file).values for file in files] == [("Jazz",)] * written + [()] * (2 - written)
    assert command.undo(root=root) == 0
    assert [tags.read(file).values for file in files] == [()] * 2
    assert [tagged_files.sound(file) for file in files] == sounds
    if written == 1:
        assert files[1].read_bytes() == untagged
    assert not list((root / journal.FOLDER).glob("*.jsonl"))
    # What the killed run left half-written goes with the next write there.
    assert not list(tmp_path.glob(".partial-*"))
