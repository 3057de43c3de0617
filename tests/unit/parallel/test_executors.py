"""The seam: local executors and a cluster's do the same, with few tasks under way at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from components.core.errors import ParamsError
from components.parallel import executors
from components.parallel.cluster import VARIABLE, Cluster
from tests.support.dask_cluster import DaskCluster
from tests.unit.parallel.work import broken, square


@pytest.fixture(params=["local", "cluster"])
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    monkeypatch.delenv(VARIABLE, raising=False)
    if request.param == "cluster":
        monkeypatch.setenv(VARIABLE, request.getfixturevalue("dask").address)
    with executors.executor(lambda: ThreadPoolExecutor(2)) as found:
        assert isinstance(found, Cluster) == (request.param == "cluster")
        yield found


def test_every_item_comes_with_its_result(pool: Executor) -> None:
    assert sorted(executors.completed(pool, square, range(100))) == [(n, n * n) for n in range(100)]


def test_results_in_order(pool: Executor) -> None:
    assert list(executors.ordered(pool, square, range(100))) == [n * n for n in range(100)]


@pytest.mark.parametrize("spread", [executors.completed, executors.ordered])
def test_items_are_taken_as_they_are_needed(pool: Executor, spread: type) -> None:
    taken: list[int] = []
    results = spread(pool, square, (taken.append(n) or n for n in range(10**9)))
    for _ in range(3):
        next(results)
    assert len(taken) <= executors.window(pool) + 3


@pytest.mark.parametrize("spread", [executors.completed, executors.ordered])
def test_an_error_ends_the_work(pool: Executor, spread: type) -> None:
    with pytest.raises(ZeroDivisionError, match="7 / 0"):
        list(spread(pool, broken, [7] * 1000))


def test_the_local_executor_is_not_made_where_a_cluster_is_named(
    dask: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, dask.address)
    with executors.executor(lambda: pytest.fail("made")) as pool:
        assert list(executors.ordered(pool, square, [3])) == [9]


def test_a_wrong_address_is_no_local_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "localhost")
    with pytest.raises(ParamsError), executors.executor(lambda: ThreadPoolExecutor(1)):
        pytest.fail("began")
