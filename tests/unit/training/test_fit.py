"""Threads of a fit; the fits themselves are tested in every model's contract."""

from __future__ import annotations

import os

import pytest

from components.training import fit


@pytest.mark.parametrize(("given", "threads"), [(None, "1"), ("4", "4")])
def test_one_thread_unless_another_number_was_set(
    monkeypatch: pytest.MonkeyPatch, given: str | None, threads: str
) -> None:
    for pool in ("INTRAOP", "INTEROP"):
        monkeypatch.setenv(f"TF_NUM_{pool}_THREADS", given or "")
        if given is None:
            monkeypatch.delenv(f"TF_NUM_{pool}_THREADS")
    fit.run_on_one_thread()
    assert {os.environ[f"TF_NUM_{pool}_THREADS"] for pool in ("INTRAOP", "INTEROP")} == {threads}
