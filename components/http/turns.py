"""Songs that wait for a process: it takes several at once, whichever requests they are of.

A network runs for a block of rows, of which a short song fills a part; songs side by side fill it. Whatever goes wrong
with several is tried again with each alone, so that no song's outcome depends on those beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from components.http.pool import DiedError, Pool
from components.http.upload import Song
from components.http.worker import Outcome

#: Songs at once. More would leave processes idle while one works through them, and the first would wait for the last.
MOST = 4
#: Bytes of songs at once: a longer song fills a network's blocks by itself, and others do not wait for it.
BYTES = 16_000_000
#: Times a song is given to a process alone: once more, if the first was killed by something that need not be the song.
TRIES = 2


@dataclass(eq=False)
class Waiting:
    """A song without its outcome.

    Attributes
    ----------
    song : Song
        The song.
    uri : str
        The address of the model that predicts it.
    outcome : asyncio.Future
        Done once nobody waits any more.
    deaths : int
        Processes that ended with it alone.
    alone : bool
        Whether no other song may be beside it.
    """

    song: Song
    uri: str
    outcome: asyncio.Future[Outcome]
    deaths: int = 0
    alone: bool = False


class Turns:
    """Gives songs to processes.

    Parameters
    ----------
    pool : Pool
        The processes.
    task : callable
        Returns what a process calls for songs and a model's address; that returns the songs' outcomes.
    seconds : float
        The time that a song may take. Several have it together; should they take longer, each has it alone.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        task: Callable[[Sequence[Song], str], Callable[[], list[Outcome]]],
        seconds: float,
    ) -> None:
        self._pool, self._task, self._seconds = pool, task, seconds
        self._waiting: list[Waiting] = []
        self._running: set[asyncio.Task[None]] = set()

    async def outcome(self, song: Song, *, uri: str) -> Outcome:
        """Wait for a song's outcome.

        Raises
        ------
        DiedError
            If a process ended with it alone, :data:`TRIES` times.
        TookTooLongError
            If it took longer than it may.
        Exception
            What the task raised.
        """
        waiting = Waiting(song, uri, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if len(self._running) < self._pool.size:
            self._running.add(asyncio.create_task(self._run()))
        return await waiting.outcome

    async def _run(self) -> None:
        """Go on as long as songs wait."""
        try:
            while self._waiting:
                await self._turn()
        finally:
            task = asyncio.current_task()
            assert task is not None, "it runs as a task"
            self._running.discard(task)

    async def _turn(self) -> None:
        songs: list[Waiting] = []

        def choose() -> Callable[[], list[Outcome]] | None:
            songs.extend(self._next())
            for waiting in songs:
                waiting.outcome.add_done_callback(lambda _: abandon())
            return self._task([one.song for one in songs], songs[0].uri) if songs else None

        def abandon() -> None:
            if all(waiting.outcome.cancelled() for waiting in songs):
                turn.cancel()

        turn = asyncio.create_task(self._pool.run(choose, seconds=self._seconds))
        try:
            await asyncio.wait([turn])
        finally:
            turn.cancel()
        if turn.cancelled():
            return
        if error := turn.exception():
            self._fail(songs, error)
            return
        for waiting, outcome in zip(songs, turn.result() or [], strict=True):
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)

    def _next(self) -> list[Waiting]:
        """Take the songs that a process gets now: the first that waits, and those that go with it."""
        self._waiting = [one for one in self._waiting if not one.outcome.done()]
        if not self._waiting:
            return []
        first = self._waiting.pop(0)
        # Where other processes are free, they share what waits.
        share = min(MOST, -(-(len(self._waiting) + 1) // (1 + self._pool.idle)))
        taken, size = [first], first.song.bytes
        for one in list(self._waiting):
            if len(taken) == share or first.alone:
                break
            if one.uri == first.uri and not one.alone and size + one.song.bytes <= BYTES:
                taken.append(one)
                size += one.song.bytes
                self._waiting.remove(one)
        return taken

    def _fail(self, songs: Sequence[Waiting], error: BaseException) -> None:
        again = [waiting for waiting in songs if not waiting.outcome.done()]
        if len(songs) == 1:
            died = isinstance(error, DiedError)
            songs[0].deaths += died
            if again and not (died and songs[0].deaths < TRIES):
                songs[0].outcome.set_exception(error)
                return
        for waiting in again:
            waiting.alone = True
        self._waiting = again + self._waiting
