"""What is compared between processes: code and releases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import components
from components.parallel import fingerprint


def test_the_same_process_has_no_differences() -> None:
    own = fingerprint.own()
    assert fingerprint.differences(own, expected=own) == []
    assert "missing" not in own.values()


def test_what_differs_is_named_with_both_values() -> None:
    own = fingerprint.own()
    other = own | {"numpy": "1.0"}
    del other["scipy"]
    assert fingerprint.differences(other, expected=own) == [
        f"numpy 1.0 ({own['numpy']} here)",
        f"scipy missing ({own['scipy']} here)",
    ]


def test_one_changed_moved_or_new_file_changes_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "components"
    shutil.copytree(Path(components.__path__[0]) / "core", copy / "core")
    monkeypatch.setattr(components, "__path__", [str(copy)])
    found = {fingerprint.code()}
    (copy / "core" / "errors.py").rename(copy / "errors.py")
    found.add(fingerprint.code())
    (copy / "errors.py").write_text("")
    found.add(fingerprint.code())
    (copy / "new.py").write_text("")
    found.add(fingerprint.code())
    assert len(found) == 4
    (copy / "notes.txt").write_text("")
    assert fingerprint.code() in found
