"""Places for stages: the first in order whose inputs are there, no more than the limit, and nobody after a stop."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from flows.pipeline.graph import Graph
from flows.pipeline.slots import Slots


class Waiting:
    """Stages in threads of their own, as tasks that have what they read from."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.began: SimpleQueue[str] = SimpleQueue()

    def arrive(self, *stages: str) -> None:
        for stage in stages:
            threading.Thread(target=self._take, args=(stage,), daemon=True).start()

    def _take(self, stage: str) -> None:
        self.slots.take(stage)
        self.began.put(stage)


def began_in_turn(slots: Slots, *stages: str) -> list[str]:
    """Let stages arrive at once and end one by one; return the order in which they began."""
    waiting, began = Waiting(slots), []
    waiting.arrive(*stages)
    for _ in stages:
        began.append(waiting.began.get())
        slots.end(began[-1])
    return began


@pytest.mark.parametrize("most", [1, 2])
def test_of_the_stages_that_could_begin_the_first_in_order_begins(two_models: Graph, most: int) -> None:
    slots = Slots(two_models, two_models.order, most=most)
    waiting, began = Waiting(slots), []
    # Whoever comes first: what it reads from has to end before a stage may begin, and nobody overtakes.
    waiting.arrive(*reversed(two_models.order))
    for _ in two_models.order:
        stage = waiting.began.get()
        began.append(stage)
        slots.end(stage)
    if most == 1:
        assert began == list(two_models.order)
    for stage in began:
        assert all(began.index(above) < began.index(stage) for above in two_models.upstream[stage])


def test_stages_of_the_models_that_come_first_overtake_those_before_them_in_order(two_models: Graph) -> None:
    slots = Slots(two_models, ["tune@a", "tune@b", "train@b"], most=1, first=["b"])
    assert began_in_turn(slots, "tune@a", "tune@b", "train@b") == ["tune@b", "train@b", "tune@a"]


def test_models_that_come_first_do_so_in_the_order_they_are_named(two_models: Graph) -> None:
    slots = Slots(two_models, ["tune@a", "tune@b"], most=1, first=["b", "a"])
    assert began_in_turn(slots, "tune@a", "tune@b") == ["tune@b", "tune@a"]


def test_no_more_than_the_limit_run_at_once_and_a_stage_tried_again_keeps_its_place(
    two_models: Graph,
) -> None:
    slots = Slots(two_models, ["features@f", "features@g"], most=1)
    waiting = Waiting(slots)
    waiting.arrive("features@f", "features@g")
    assert waiting.began.get() == "features@f"
    slots.take("features@f")
    assert waiting.began.empty()
    slots.end("features@f")
    assert waiting.began.get() == "features@g"


def test_a_stage_that_never_began_is_in_nobodys_way(two_models: Graph) -> None:
    slots = Slots(two_models, ["features@f", "features@g"], most=1)
    slots.end("features@f")
    slots.take("features@g")


def test_a_stage_of_another_machine_needs_no_place_and_those_below_it_wait_for_it(two_models: Graph) -> None:
    slots = Slots(
        two_models, ["features@f", "tune@a", "features@g"], most=1, elsewhere=["features@f", "tune@a"]
    )
    slots.take("features@f")
    slots.take("features@g")
    slots.end("features@g")
    waiting = Slots(two_models, ["features@f", "train@a", "features@g"], most=1, elsewhere=["features@f"])
    assert not waiting._is_next("train@a")
    assert waiting._is_next("features@g")


def test_nobody_waits_after_a_stop(two_models: Graph) -> None:
    slots = Slots(two_models, two_models.order, most=1)
    waiting = Waiting(slots)
    waiting.arrive("compare", "train@a")
    slots.stop()
    assert {waiting.began.get(), waiting.began.get()} == {"compare", "train@a"}
