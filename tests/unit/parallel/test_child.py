"""A process of its own for a task on a worker, kept for the next, and gone with its worker."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import psutil
import pytest

from components.core.errors import ClusterError
from components.parallel import child, fingerprint
from components.parallel.child import Alone, Child, Held
from components.parallel.cluster import Cluster
from tests.conftest import PROJECT
from tests.unit.parallel.work import (
    Unreadable,
    broken,
    killed_always,
    killed_at_first,
    lost,
    process,
    square,
    with_shared,
)


@pytest.fixture(autouse=True)
def finds_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))


@pytest.fixture
def one() -> Child:
    return Child()


def run(one: Child, function: object, *arguments: object, shared: tuple[Held, ...] = ()) -> object:
    value, error = one.run(fingerprint.own(), pickle.dumps(function), pickle.dumps((arguments, {})), shared)
    if error is not None:
        raise error
    return value


def test_one_process_runs_many_tasks_and_holds_what_they_share(one: Child) -> None:
    pid = run(one, process, None)
    assert pid not in (os.getpid(), None)
    held = Held("parts", [1, 2])
    assert run(one, with_shared, 1, shared=(held,)) == 4
    # It is not sent again: the value of that name is there.
    assert run(one, with_shared, 1, shared=(Held("parts", None),)) == 4
    with pytest.raises(ZeroDivisionError, match="7 / 0"):
        run(one, broken, 7)
    assert run(one, process, None) == pid


def test_one_that_is_killed_is_named(one: Child) -> None:
    os.kill(run(one, process, None), signal.SIGKILL)
    with pytest.raises(child.EndedError, match="signal 9"):
        run(one, square, 3)


def test_it_checks_its_own_code(one: Child) -> None:
    _, error = one.run(
        fingerprint.own() | {"numpy": "9.9"}, pickle.dumps(square), pickle.dumps(((3,), {})), ()
    )
    assert isinstance(error, ClusterError)
    assert "9.9 here" in str(error)


def test_it_ends_where_nothing_more_can_come(one: Child) -> None:
    found = psutil.Process(run(one, process, None))
    one._process.stdin.close()
    assert found.wait(60) is not None


def test_elsewhere_the_function_is_called_as_it_is() -> None:
    assert Alone(square)(3) == 9
    assert child.run(fingerprint.own(), pickle.dumps(Alone(square)), pickle.dumps(((3,), {})), ()) == (
        9,
        None,
    )


def test_a_worker_keeps_the_process_for_the_next_task(connected: Cluster) -> None:
    worker = connected.submit(process, None).result()
    own = {connected.submit(Alone(process), None).result() for _ in range(6)}
    assert worker not in own
    assert len(own) <= 2


def test_a_task_whose_process_is_killed_is_begun_again(connected: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    assert connected.submit(Alone(killed_at_first), str(mark)).result() == 1
    assert mark.exists()


def test_a_task_that_kills_its_process_is_begun_four_times_and_names_the_worker(
    connected: Cluster, tmp_path: Path
) -> None:
    mark = tmp_path / "begun"
    with pytest.raises(ClusterError, match=r"^worker tcp://127.0.0.1:\d+: [^\n]*signal 9[^\n]*$"):
        connected.submit(Alone(killed_always), str(mark)).result()
    assert mark.read_text() == "begun\n" * 4


def test_an_error_of_ours_in_that_process_names_the_worker(
    connected: Cluster,
) -> None:
    with pytest.raises(ClusterError, match=r"^worker tcp://127.0.0.1:\d+: lost$"):
        connected.submit(Alone(lost), None).result()


def test_an_error_that_cannot_travel_goes_as_its_text() -> None:
    assert isinstance(child.portable(ValueError("a")), ValueError)
    assert "of two numbers" in str(child.portable(Unreadable(1, 2)))
