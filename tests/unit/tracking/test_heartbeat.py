"""Signs of life: given while a block goes on, whatever becomes of one of them; too old ones end a run."""

from __future__ import annotations

import threading
import time

import pytest

from components.tracking import heartbeat


def test_they_are_given_until_the_block_ends() -> None:
    calls: list[int] = []
    third = threading.Event()

    def renew() -> None:
        calls.append(1)
        if len(calls) == 3:
            third.set()
        if len(calls) < 3:
            raise OSError("the store is away")

    with heartbeat.beating(renew, every=0.01):
        assert third.wait(60)
    for thread in [one for one in threading.enumerate() if one.name == "heartbeat"]:
        thread.join(60)
        assert not thread.is_alive()


def test_a_short_block_gives_none() -> None:
    with heartbeat.beating(lambda: pytest.fail("too early"), every=heartbeat.INTERVAL):
        pass


@pytest.mark.parametrize(
    ("age", "lost"), [(0, False), (heartbeat.LOST - 60, False), (heartbeat.LOST + 60, True), (-3600, False)]
)
def test_too_old_a_sign_ends_a_run(age: float, lost: bool) -> None:
    assert heartbeat.lost({heartbeat.TAG: f"{time.time() - age:.0f}"}) is lost


def test_what_never_gave_one_is_not_ours_to_end() -> None:
    assert not heartbeat.lost({})
