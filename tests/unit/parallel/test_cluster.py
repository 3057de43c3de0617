"""A cluster as an executor: addresses, checks of workers, errors from there."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from components.core.errors import ClusterError, FeatureError, ParamsError
from components.parallel import cluster, fingerprint
from tests.support.dask_cluster import DaskCluster
from tests.unit.parallel.work import broken, missing, process, square, unreadable, with_shared


@pytest.mark.parametrize(
    "value", ["tcp://127.0.0.1:8786", "tls://scheduler.lan:8786", "tcp://[::1]:8786", ""]
)
def test_addresses(value: str) -> None:
    assert cluster.check(value) == value


@pytest.mark.parametrize(
    "value",
    ["localhost", "127.0.0.1:8786", "http://h:1", "tcp://h", "tcp://:8786", "tcp://h:0", "tcp://h:99999", "tcp://h:x",
     "tcp://h:1/path", "tcp://h:1?a", "tcp://["],
)  # fmt: skip
def test_what_is_no_address(value: str) -> None:
    with pytest.raises(ParamsError) as caught:
        cluster.check(value)
    assert repr(value) in str(caught.value)
    assert "tcp://HOST:PORT" in str(caught.value)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ParamsError) as caught:
        cluster.check("tcp://me:secret@h:8786")
    assert "secret" not in str(caught.value)


def test_no_variable_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cluster.VARIABLE, raising=False)
    assert cluster.address() is None
    monkeypatch.setenv(cluster.VARIABLE, "")
    assert cluster.address() is None


def test_an_unreachable_scheduler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ClusterError, match=f"tcp://127.0.0.1:{port}.*dask scheduler") as caught:
        cluster.connect(f"tcp://127.0.0.1:{port}")
    assert "\n" not in str(caught.value)


def test_another_service_at_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes the connection and sends nothing, as a web server that waits for the rest of a line."""
    monkeypatch.setattr(cluster, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"{address}[^\n]*dask scheduler[^\n]*$"):
            cluster.connect(address)


def test_a_service_that_sends_other_bytes_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)

        with ThreadPoolExecutor(1) as threads:
            threads.submit(refuse)
            with pytest.raises(ClusterError, match=f"{address}[^\n]*dask scheduler[^\n]*$"):
                cluster.connect(address)


def test_a_worker_in_place_of_the_scheduler_is_named(connected: cluster.Cluster) -> None:
    (address, *_) = connected._client.scheduler_info()["workers"]
    with pytest.raises(ClusterError, match=f"{address}[^\n]*Dask worker"):
        cluster.connect(address)


def test_tls_without_certificates_names_the_settings() -> None:
    with pytest.raises(ClusterError, match=r"tls://127.0.0.1:8786[^\n]*DASK_DISTRIBUTED__COMM__TLS__CA_FILE"):
        cluster.connect("tls://127.0.0.1:8786")


def test_a_scheduler_without_workers_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1.0)
    alone = DaskCluster(tmp_path)
    try:
        with pytest.raises(ClusterError, match="dask worker"):
            cluster.connect(alone.address)
    finally:
        alone.close()


def test_work_is_done_elsewhere(connected: cluster.Cluster) -> None:
    import os

    assert connected.submit(process, None).result() != os.getpid()
    assert connected.window >= 4


def test_a_shared_value_is_sent_once_and_given_to_each(connected: cluster.Cluster) -> None:
    shared = connected.share([1, 2, 3])
    sent = [connected.submit(with_shared, number, shared) for number in range(4)]
    assert [one.result() for one in sent] == [6, 7, 8, 9]


def test_an_error_of_ours_names_the_worker_and_keeps_its_kind(connected: cluster.Cluster) -> None:
    with pytest.raises(FeatureError, match=r"worker tcp://127.0.0.1:\d+: song.wav is missing"):
        connected.submit(missing, "song.wav").result()


def test_another_error_comes_as_it_is_with_where_it_was_raised(connected: cluster.Cluster) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        connected.submit(broken, 7).result()
    assert "in broken" in "".join(caught.value.__notes__)
    with pytest.raises(RuntimeError, match="of two numbers"):
        connected.submit(unreadable, 1).result()


def test_a_worker_that_differs_is_named_before_work_begins(
    dask: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    differences = fingerprint.differences
    monkeypatch.setattr(
        fingerprint,
        "differences",
        lambda found, *, expected: differences(found, expected=expected | {"librosa": "9.9"}),
    )
    with pytest.raises(ClusterError, match=r"worker tcp://127.0.0.1:\d+ differs: librosa .* \(9.9 here\)"):
        cluster.connect(dask.address)


def test_a_worker_that_differs_later_is_named_by_its_task(
    connected: cluster.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connected._expected, "numpy", "9.9")
    with pytest.raises(ClusterError, match=r"differs: numpy .* \(9.9 here\)"):
        connected.submit(square, 3).result()


def test_nobody_waits_for_ever_for_a_worker(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKERLESS", 0.5)
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.1)
    lonely = DaskCluster(tmp_path)
    try:
        worker = lonely.worker()
        with cluster.connect(lonely.address) as pool:
            worker.kill()
            worker.wait()
            with pytest.raises(ClusterError, match="no worker"):
                pool.submit(square, 3).result(timeout=60)
    finally:
        lonely.close()


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[tuple[DaskCluster, Callable[[], None], Callable[[], None]]]:
    """A cluster of one worker, and what makes worker and scheduler stand still."""
    found = DaskCluster(tmp_path)
    try:
        worker = found.worker()
        yield (
            found,
            lambda: worker.send_signal(signal.SIGSTOP),
            lambda: found.scheduler.send_signal(signal.SIGSTOP),
        )
    finally:
        found.close()


Frozen = tuple[DaskCluster, Callable[[], None], Callable[[], None]]


def test_a_worker_that_stands_still_is_named_before_work_begins(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, freeze, _ = frozen
    freeze()
    monkeypatch.setattr(cluster, "WORKERLESS", 0.5)
    with pytest.raises(ClusterError, match=r"^worker tcp://127.0.0.1:\d+ has not responded[^\n]*$"):
        cluster.connect(found.address)


def test_a_worker_that_stands_still_later_is_named(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    found, freeze, _ = frozen
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.1)
    with cluster.connect(found.address) as pool:
        kept = pool.submit(square, 2)
        wait([kept], timeout=60)
        freeze()
        monkeypatch.setattr(cluster, "WORKERLESS", 2.0)
        for sent in (pool.submit(square, 3), kept):
            with pytest.raises(
                ClusterError, match=r"no worker[^\n]*tcp://127.0.0.1:\d+ sent no sign of life"
            ):
                sent.result(timeout=60)


def test_a_scheduler_that_stands_still_is_named(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _, freeze = frozen
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.1)
    with cluster.connect(found.address) as pool:
        freeze()
        monkeypatch.setattr(cluster, "CONNECT", 0.5)
        monkeypatch.setattr(cluster, "WORKERLESS", 1.0)
        with pytest.raises(ClusterError, match=r"scheduler tcp://127.0.0.1:\d+ .* does not respond"):
            pool.submit(square, 3).result(timeout=60)


def test_ended_futures_are_done_before_they_are_fetched(connected: cluster.Cluster) -> None:
    sent = [connected.submit(square, number) for number in range(5)]
    done, waiting = wait(sent, timeout=60)
    assert not waiting
    assert sorted(one.result() for one in done) == [0, 1, 4, 9, 16]
    assert not connected._pending
