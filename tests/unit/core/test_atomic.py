"""Atomic writes: the old file or the new one, never half of one, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.core import atomic
from components.core.errors import ParamsError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic.replacing(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_that_cannot_be_written_is_named_as_its_user_knows_it(tmp_path: Path) -> None:
    # The same from a folder without rights, in which root writes all the same.
    with pytest.raises(FileNotFoundError) as refused, atomic.replacing(tmp_path / "folder/a.txt") as path:
        path.parent.rmdir()
        path.write_text("new")
    assert refused.value.filename == str(tmp_path / "folder/a.txt")


def test_a_failed_folder_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(RuntimeError), atomic.replacing_folder(target) as path:
        (path / "new").touch()
        raise RuntimeError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with atomic.replacing_folder(tmp_path / "made" / "folder") as path:
            (path / name).touch()
    assert names(tmp_path / "made" / "folder") == ["new"]


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom components.core import atomic\n"
        "with atomic.replacing_folder(Path(sys.argv[1]) / 'folder') as path:\n"
        "    (path / 'half').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    atomic.write_json(tmp_path / "a.json", {})
    assert names(tmp_path) == ["a.json"]


def test_a_folder_is_swept_when_it_is_first_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(atomic, "sweep", swept.append)
    for name in ("a", "b", "folder/a", "c"):
        atomic.write_json(tmp_path / name, {})
    assert swept == [tmp_path, tmp_path / "folder"]


def test_what_a_living_process_is_writing_stays(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "a.txt") as path:
        path.write_text("half")
        atomic.sweep(tmp_path)
        assert str(os.getpid()) in path.name
        assert path.exists()


def test_what_a_killed_process_left_is_swept_though_its_id_is_in_use_again(tmp_path: Path) -> None:
    left = tmp_path / f"{atomic.PARTIAL}{os.getpid()}-1-abcd-a.txt"
    left.write_text("half")
    atomic.sweep(tmp_path)
    assert not left.exists()


@pytest.mark.parametrize("name", ["n" * 251 + ".txt", "é" * 125 + ".txt"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    with atomic.replacing(tmp_path / name) as path:
        assert path.suffix == ".txt"
        path.write_text("whole")
    assert names(tmp_path) == [name]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    replace = Path.replace

    def full(self: Path, other: Path) -> Path:
        if other == target and (self / "new").exists():
            raise OSError(28, "No space left on device")
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"), atomic.replacing_folder(target) as path:
        (path / "new").touch()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_json_refuses_what_json_has_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert names(tmp_path) == []


def test_what_is_named_is_made_in_a_folder_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    for name, folder in {"file": False, "new": False, "folder/new": False, "folder": True}.items():
        atomic.check_place(tmp_path / name, option="--json", folder=folder)
        atomic.check_place(Path(name), option="--json", folder=folder)
    atomic.check_place(tmp_path / "new", option="--out", folder=True)
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.parametrize(
    ("name", "folder", "why"),
    [
        ("file/figures.json", False, "file is no folder"),
        ("new/figures.json", False, "new does not exist"),
        ("new/figures", True, "new does not exist"),
        ("folder", False, "that is no file"),
        ("file", True, "that is no folder"),
        ("/dev/null", False, "that is no file"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_before_any_work(
    tmp_path: Path, name: str, folder: bool, why: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ParamsError, match=rf"--out is .*{name}, and .*{why}; valid"):
        atomic.check_place(tmp_path / name, option="--out", folder=folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
@pytest.mark.parametrize(("name", "folder"), [("closed/a.json", False), ("closed", True)])
def test_a_folder_without_rights_is_named(tmp_path: Path, name: str, folder: bool) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(ParamsError, match="closed cannot be written"):
        atomic.check_place(tmp_path / name, option="--out", folder=folder)
