"""Standard error of native libraries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.core import console
from components.core.errors import AudioError


def test_what_libraries_write_is_kept_away_and_progress_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with console.quiet() as stderr:
        os.write(2, b"a library's line\n")
        print("half of it", file=stderr, flush=True)
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "half of it\nlater\n"


@pytest.mark.parametrize(
    "error",
    [AudioError("no sound"), PermissionError("a.wav"), KeyboardInterrupt()],
    ids=lambda one: type(one).__name__,
)
def test_an_error_that_one_line_names_brings_no_library_s_lines(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(error)), console.quiet():
        os.write(2, b"a library's line\n")
        raise error
    assert capfd.readouterr().err == ""


def test_an_error_that_nobody_foresaw_brings_them(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), console.quiet():
        os.write(2, b"a library's line\n")
        1 / 0  # noqa: B018
    assert capfd.readouterr().err == "a library's line\n"


def test_what_a_module_writes_while_it_is_imported_is_kept_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "noisy_module.py").write_text("import os\nos.write(2, b'noise\\n')\nvalue = 1\n")
    assert console.imported("noisy_module").value == 1
    assert capfd.readouterr().err == ""
    (tmp_path / "broken_module.py").write_text("import os\nos.write(2, b'noise\\n')\n1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        console.imported("broken_module")
    assert capfd.readouterr().err == "noise\n"
