"""A task on a worker: checked before it is read, and whatever comes of it can travel."""

from __future__ import annotations

import pickle

import pytest

from components.core.errors import ClusterError
from components.parallel import fingerprint, worker
from components.parallel.child import Held
from tests.unit.parallel.work import square, with_shared


@pytest.fixture(autouse=True)
def on_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    monkeypatch.setattr(
        distributed, "get_worker", lambda: type("Worker", (), {"address": "tcp://10.0.0.5:4000"})
    )
    monkeypatch.setattr(worker, "_prepare", lambda: None)


def test_a_task_gives_its_value() -> None:
    outcome = worker.run(fingerprint.own(), pickle.dumps(square), pickle.dumps(((3,), {})))
    assert outcome == worker.Outcome("tcp://10.0.0.5:4000", 9)
    outcome = worker.run(
        fingerprint.own(), pickle.dumps(with_shared), pickle.dumps(((3,), {})), Held("a", [1, 2])
    )
    assert outcome.value == 6


def test_nothing_is_read_where_the_code_differs() -> None:
    other = fingerprint.own() | {fingerprint.CODE: "0" * 64}
    outcome = worker.run(other, b"not a pickle", b"not a pickle")
    assert isinstance(outcome.error, ClusterError)
    assert "tcp://10.0.0.5:4000" in str(outcome.error)
    assert fingerprint.CODE in str(outcome.error)
