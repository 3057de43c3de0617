"""TODO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from components.core.errors import GenreError
from flows.pipeline import graph
from flows.progress import Board


class ExperimentError(GenreError):
    """At least one stage or action of the flow failed; the message names each and why.

    Attributes
    ----------
    problems : tuple of str
        One each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


#: The terminal of a flow called from one, and the graph where its caller has just read it.
CALLER: ContextVar[tuple[Board | None, graph.Graph | None]] = ContextVar("caller", default=(None, None))


@contextmanager
def called_from(board: Board, *, plan: graph.Graph | None = None) -> Iterator[None]:
    """Let a flow called in this block show its progress, and spare it asking DVC again.

    Parameters
    ----------
    board : Board
        The terminal.
    plan : Graph, optional
        Read while the workspace was held, and it still is.

    Yields
    ------
    None
        Nothing.
    """
    token = CALLER.set((board, plan))
    try:
        yield
    finally:
        CALLER.reset(token)
