"""The order of promotions where the registry keeps it: by number, whose owner shows that it goes on."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from components import tracking
from components.core.errors import RegistryError
from components.registry import promotion_lock
from components.registry.promotion_lock import SUFFIX, Number
from components.tracking import reader, store

NAME = f"genre{SUFFIX}"


@pytest.fixture
def run_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run in an empty store, which is taken for one elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client = tracking.connect()
    monkeypatch.setattr(reader, "database", lambda: None)
    monkeypatch.setattr(promotion_lock, "LOOK", 0.01)
    return client.create_run(store.experiment(client, store.TRAINING)).info.run_id


def numbers() -> list[int]:
    found = tracking.connect().search_model_versions(f"name = '{NAME}'")
    return sorted(int(version.version) for version in found)


def taken(run_id: str) -> Number:
    return Number(tracking.connect(), NAME, run_id=run_id)


def test_each_gets_the_next_number_and_gives_it_back(run_id: str) -> None:
    for expected in (1, 2):
        with promotion_lock.held("genre", run_id=run_id) as confirm:
            confirm()
            assert numbers() == [expected]
        assert numbers() == []


def test_whoever_has_the_lowest_number_goes_first(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion_lock, "LONGEST_DECISION", 0.1)
    first, second = taken(run_id), taken(run_id)
    first.wait()
    with pytest.raises(
        RegistryError, match=f"another promotion, on {platform.node()}, has not ended within 0.1 s"
    ):
        second.wait()
    first.give_back()
    second.wait()


def test_a_number_of_a_process_of_this_machine_that_has_ended_is_passed_over_at_once(
    run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(promotion_lock.processes, "own", lambda: "9999999-1")
        taken(run_id)
    second = taken(run_id)
    second.wait()
    assert numbers() == [second.number]


def test_a_number_of_another_machine_is_passed_over_once_it_is_not_renewed(
    run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(promotion_lock.platform, "node", lambda: "elsewhere")
        other = taken(run_id)
    own = taken(run_id)
    clock = iter(range(0, 10_000, 50))
    looks = iter(["renew", "renew"])
    passing = SimpleNamespace(
        monotonic=lambda: float(next(clock)), sleep=lambda _: other.renew() if next(looks, None) else None
    )
    monkeypatch.setattr(promotion_lock, "time", passing)
    own.wait()
    assert next(looks, None) is None, "it was waited for as long as it was renewed"
    with pytest.raises(RegistryError, match="another has taken its turn; the champion was not moved"):
        other.confirm()
    other.give_back()  # what is gone already is no error
    assert numbers() == [own.number]


def test_while_it_is_held_it_is_renewed(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion_lock, "RENEWAL", 0.01)
    with promotion_lock.held("genre", run_id=run_id):
        until = time.monotonic() + 60
        while tracking.connect().get_model_version(NAME, "1").tags[promotion_lock.RENEWED] == "0":
            assert time.monotonic() < until
