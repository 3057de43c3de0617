"""Places for stages side by side: whose turn it is."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from flows.pipeline.graph import Graph


class Slots:
    """Places for stages side by side; of the stages whose inputs are there, the first in order gets the next one.

    The order is the graph's, but that some models' stages come first.

    A stage keeps its place until :meth:`end`, also while it waits to be tried again.

    Parameters
    ----------
    graph : Graph
        The stages in order.
    due : collection of str
        Those that run; any other needs no place.
    most : int
        Stages side by side, 1 or more.
    elsewhere : collection of str
        Of those, the ones that run on another machine: they need no place, but others wait for them.
    first : sequence of str
        Models whose searches and fits come, in this order, before all others' stages.
    """

    def __init__(
        self,
        graph: Graph,
        due: Collection[str],
        *,
        most: int,
        elsewhere: Collection[str] = (),
        first: Sequence[str] = (),
    ) -> None:
        self._upstream = graph.upstream
        self._waiting = [stage for stage in graph.order if stage in due and stage not in elsewhere]
        early = {f"{kind}@{model}": place for place, model in enumerate(first) for kind in ("tune", "train")}
        self._waiting.sort(key=lambda stage: early.get(stage, len(early)))
        self._elsewhere = set(elsewhere)
        self._running: set[str] = set()
        self._most = most
        self._stopped = False
        self._changed = threading.Condition()

    def take(self, stage: str) -> None:
        """Wait for a place, or for :meth:`stop`."""
        with self._changed:
            if stage in self._waiting:
                self._changed.wait_for(lambda: self._stopped or self._is_next(stage))
                self._waiting.remove(stage)
                self._running.add(stage)

    def _is_next(self, stage: str) -> bool:
        unfinished = {*self._waiting, *self._running, *self._elsewhere}
        ready = (one for one in self._waiting if unfinished.isdisjoint(self._upstream[one]))
        return len(self._running) < self._most and stage == next(ready, None)

    def end(self, stage: str) -> None:
        """Give a stage's place to the next; also for a stage that never began."""
        with self._changed:
            self._running.discard(stage)
            self._elsewhere.discard(stage)
            if stage in self._waiting:
                self._waiting.remove(stage)
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
