"""Which stage may start next: order, side by side up to a limit, and what a failure leaves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue

from flows.pipeline.graph import Graph
from flows.pipeline.stage import Result


@dataclass
class Outcome:
    """How the stages of a flow ended.

    Attributes
    ----------
    fresh : list of str
        Not started: nothing they read has changed.
    done : dict of str to Result
        Ended well.
    failed : dict of str to str
        Failed, with the reason in one line.
    skipped : dict of str to str
        Not started, with what was missing.
    """

    fresh: list[str] = field(default_factory=list)
    done: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def good(self, stage: str) -> bool:
        """Say whether the outputs of a stage are up to date."""
        return stage in self.fresh or stage in self.done

    def rows(self) -> list[dict[str, str | float]]:
        """Return one row a stage: its name, how it ended, its seconds, and why where it did not end well."""
        return (
            [_row(stage, result.how, seconds=result.seconds) for stage, result in self.done.items()]
            + [_row(stage, "failed", why=why) for stage, why in self.failed.items()]
            + [_row(stage, "skipped", why=why) for stage, why in self.skipped.items()]
            + [_row(stage, "fresh") for stage in self.fresh]
        )


def _row(stage: str, outcome: str, *, seconds: float = 0.0, why: str = "") -> dict[str, str | float]:
    return {"stage": stage, "outcome": outcome, "seconds": round(seconds, 1), "why": why}


#: Starts a stage and returns at once; later puts its name and its result or exception on the queue.
Start = Callable[[str, "SimpleQueue[tuple[str, Result | Exception]]"], None]


def run(
    graph: Graph,
    *,
    due: Collection[str],
    stale: Mapping[str, str],
    concurrency: int,
    start: Start,
    skip: Callable[[str, str], None] = lambda _stage, _why: None,
) -> Outcome:
    """Start each due stage once all it reads from is up to date, and wait for the last to end.

    A stage that fails leaves out the stages that read from it, and no other.

    Parameters
    ----------
    graph : Graph
        The stages in order.
    due : collection of str
        The stages to run.
    stale : mapping of str to str
        All stages that are not up to date before the run, due or not.
    concurrency : int
        Stages side by side, 1 or more.
    start : callable
        See :data:`Start`.
    skip : callable
        Told of each stage left out, and why.

    Returns
    -------
    Outcome
        How each due stage ended; ``fresh`` holds the stages of the graph that were up to date from the start.
    """
    outcome = Outcome(fresh=[stage for stage in graph.order if stage not in stale and stage not in due])
    ended: SimpleQueue[tuple[str, Result | Exception]] = SimpleQueue()
    waiting = [stage for stage in graph.order if stage in due]
    running: set[str] = set()
    while waiting or running:
        for stage in list(waiting):
            above = graph.upstream[stage]
            if any(one in waiting or one in running for one in above):
                continue
            if why := _missing(above, outcome):
                waiting.remove(stage)
                outcome.skipped[stage] = why
                skip(stage, why)
            elif len(running) < concurrency:
                waiting.remove(stage)
                running.add(stage)
                start(stage, ended)
        if running:
            stage, result = ended.get()
            running.discard(stage)
            if isinstance(result, Exception):
                outcome.failed[stage] = str(result)
            else:
                outcome.done[stage] = result
    return outcome


def _missing(above: Collection[str], outcome: Outcome) -> str:
    reasons = []
    for stage in above:
        if stage in outcome.failed:
            reasons.append(f"{stage} failed")
        elif stage in outcome.skipped:
            reasons.append(f"{stage} was skipped")
        elif not outcome.good(stage):
            reasons.append(f"{stage} is not up to date and not part of this run")
    return ", ".join(reasons)
