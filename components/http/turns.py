"""Songs that wait for a process: it takes several at once, whichever requests they are of.

A network runs for a block of rows, of which a short song fills a part; songs side by side fill it. Whatever goes wrong
with several is tried again with each alone, so that no song's outcome depends on those beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from components.http.pool import DiedError, Pool, StoppedError
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

    Attributes
    ----------
    patience : float
        Seconds that a free process waits for as many songs as it is likely to get: clients that send a song after each
        response would otherwise find it at work on the first of them; the others would wait for a turn of their own.
        Above 0, processes do not share what waits either. 0 where songs together take as long as one after the other.
    arriving : int
        Requests whose songs have not arrived.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        task: Callable[[Sequence[Song], str], Callable[[], list[Outcome]]],
        seconds: float,
    ) -> None:
        self._pool, self._task, self._seconds = pool, task, seconds
        self.patience = 0.0
        self.arriving = 0
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        # One process after the other waits for songs, and takes them.
        self._choosing = asyncio.Lock()
        # Songs without an outcome; and how many, with requests that were arriving, when the last turns began.
        self._inside = 0
        self._lately: deque[int] = deque([0], maxlen=2 * pool.size)
        self._running: set[asyncio.Task[None]] = set()

    async def outcome(self, song: Song, *, uri: str) -> Outcome:
        """Wait for a song's outcome.

        Raises
        ------
        DiedError
            If a process ended with it alone, :data:`TRIES` times.
        TookTooLongError
            If it took longer than it may.
        StoppedError
            If no process is left.
        Exception
            What the task raised.
        """
        waiting = Waiting(song, uri, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._inside += 1
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
        if len(self._running) < self._pool.size:
            self._running.add(asyncio.create_task(self._run()))
        try:
            return await waiting.outcome
        finally:
            self._inside -= 1

    async def _run(self) -> None:
        """Go on as long as songs wait."""
        try:
            while self._waiting:
                await self._turn()
        finally:
            task = asyncio.current_task()
            assert task is not None, "it runs as a task"
            self._running.discard(task)

    async def _gathered(self) -> None:
        """Wait for as many songs as are likely to come: a share of those there were lately, but for those in processes.

        A client alone waits for none.
        """
        lately, elsewhere = max(self._lately), self._inside - len(self._waiting)
        likely = min(MOST, -(-lately // self._pool.size), lately - elsewhere)
        if not self._waiting:
            # Another process has taken those that there were.
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                while len(self._waiting) < likely:
                    await self._arrived.wait()

    async def _turn(self) -> None:
        songs: list[Waiting] = []
        chosen = asyncio.Event()

        def choose() -> Callable[[], list[Outcome]] | None:
            songs.extend(self._next())
            self._lately.append(self._inside + self.arriving)
            chosen.set()
            for waiting in songs:
                waiting.outcome.add_done_callback(lambda _: abandon())
            return self._task([one.song for one in songs], songs[0].uri) if songs else None

        def abandon() -> None:
            if all(waiting.outcome.cancelled() for waiting in songs):
                turn.cancel()

        async with self._choosing:
            await self._gathered()
            turn = asyncio.create_task(self._pool.run(choose, seconds=self._seconds))
            turn.add_done_callback(lambda _: chosen.set())
            try:
                await chosen.wait()
            except BaseException:
                turn.cancel()
                raise
        try:
            await asyncio.wait([turn])
        finally:
            turn.cancel()
        if turn.cancelled():
            return
        error = turn.exception()
        if isinstance(error, StoppedError):
            # No process was there to choose any; nor is there one for those that wait.
            left, self._waiting = self._waiting, []
            for one in left:
                if not one.outcome.done():
                    one.outcome.set_exception(error)
            return
        if error:
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
        # Where other processes are free, they share what waits, unless together is cheaper.
        share = MOST if self.patience else min(MOST, -(-(len(self._waiting) + 1) // (1 + self._pool.idle)))
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
