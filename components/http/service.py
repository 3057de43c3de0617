"""Songs to predictions by the model that serves now, which changes with the champion while requests go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from components.core.errors import GenreError
from components.http import worker
from components.http.metrics import Metrics
from components.http.pool import DiedError, Pool, StoppedError, TookTooLongError
from components.http.schema import Model
from components.http.settings import ServeSettings
from components.http.turns import MOST, TRIES, Turns
from components.http.upload import Song
from components.http.worker import File, Limits, Loaded, Outcome

#: Seconds before a model that could not be loaded is tried again; another one is at once.
AGAIN = 60.0
#: How long a free process waits for further songs, as a share of what one saves: the time of a block of the network.
#: With 1 a wait in vain costs no more than that, so at worst twice the least (Karlin et al. 1988, "Competitive snoopy
#: caching": the ski rental problem).
PATIENCE = 1.0


class Predict(Protocol):
    """As :func:`components.http.worker.predict`."""

    def __call__(self, files: Sequence[File], *, uri: str, limits: Limits) -> list[Outcome]:
        """Predict songs."""
        ...


class Load(Protocol):
    """As :func:`components.http.worker.load`."""

    def __call__(self, uri: str, *, limits: Limits) -> Loaded:
        """Load a model."""
        ...


@dataclass
class Service:
    """The model that serves, and the processes that run it.

    Parameters
    ----------
    settings : ServeSettings
        Limits.
    resolve : callable
        Returns the address of the model that ought to serve: :func:`components.serving.load.address`, bound.
    metrics : Metrics
        What is counted.
    report : callable
        Called with one line on what a person should know.
    load, predict : callable
        Of :mod:`components.http.worker`.

    Attributes
    ----------
    model : Model or None
        As responses name it; None until it is loaded.
    problem : str
        Why a new champion does not serve, '' where all is well.
    """

    settings: ServeSettings
    resolve: Callable[[], str]
    metrics: Metrics
    report: Callable[[str], None]
    load: Load = worker.load
    predict: Predict = worker.predict
    model: Model | None = None
    problem: str = ""
    _pool: Pool = field(init=False)
    _turns: Turns = field(init=False)
    _failed: tuple[str, float] = ("", 0.0)

    def __post_init__(self) -> None:
        self._pool = Pool(self.settings.workers, start=worker.start, report=self.report)
        self._turns = Turns(self._pool, task=self._task, seconds=self.settings.song_timeout)
        self.metrics.watch(self._pool)

    @property
    def limits(self) -> Limits:
        """Of a song."""
        return Limits(self.settings.max_seconds, self.settings.max_bytes)

    @property
    def stopped(self) -> str:
        """Why no song is predicted though a model is loaded; '' where they are."""
        return self._pool.stopped

    @property
    def pids(self) -> list[int]:
        """Ids of the worker processes."""
        return self._pool.pids

    async def open(self) -> None:
        """Start the processes and load the model.

        Raises
        ------
        GenreError
            If there is none, or it cannot be loaded.
        """
        uri = await asyncio.to_thread(self.resolve)
        try:
            self._serves(await self._pool.open(partial(self.load, uri, limits=self.limits)))
        except DiedError as error:
            raise GenreError(f"{uri}: a process that loads it ended: killed, or out of memory") from error

    async def watch(self) -> None:
        """Look every ``refresh`` seconds which model ought to serve, until cancelled."""
        while True:
            await asyncio.sleep(self.settings.refresh)
            await self.refresh()

    async def refresh(self) -> None:
        """Load another model where another one ought to serve; requests that have begun end with theirs.

        A model that cannot be loaded does not serve: the one before goes on, and :attr:`problem` says why.
        """
        assert self.model is not None, "a service is opened first"
        uri = problem = ""
        try:
            uri = await asyncio.to_thread(self.resolve)
            failed, at = self._failed
            if uri == failed and time.monotonic() < at + AGAIN:
                return
            if uri != self.model.uri:
                loaded = await self._pool.prepare(partial(self.load, uri, limits=self.limits))
                self._serves(loaded)
                self.metrics.reloads.labels("loaded").inc()
                self.report(f"{uri} ({loaded.model.name}) serves now")
        except (GenreError, OSError, DiedError) as error:
            problem = f"{self.model.uri} goes on: {error}"
        except Exception as error:  # noqa: BLE001 - of MLflow's client or its database: said, and tried again
            problem = f"{self.model.uri} goes on: {type(error).__name__}: {error}".splitlines()[0]
        if problem:
            self.metrics.reloads.labels("failed").inc()
            self._failed = (uri, time.monotonic())
        if problem and problem != self.problem:
            self.report(problem)
        self.problem = problem

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Expect songs of a request that arrives in the block."""
        self._turns.arriving += 1
        try:
            yield
        finally:
            self._turns.arriving -= 1

    async def predictions(self, songs: Sequence[Song]) -> tuple[Model, list[Outcome]]:
        """Predict songs, all by one model.

        Returns
        -------
        model : Model
            That model.
        outcomes : list of Outcome
            In the songs' order.
        """
        assert self.model is not None, "a service is opened first"
        model = self.model
        outcomes = await asyncio.gather(*(self._outcome(song, uri=model.uri) for song in songs))
        for outcome in outcomes:
            self.metrics.count(outcome)
        return model, outcomes

    def _task(self, songs: Sequence[Song], uri: str) -> Callable[[], list[Outcome]]:
        files = [File(str(song.path), song.name) for song in songs]
        return partial(self.predict, files, uri=uri, limits=self.limits)

    async def _outcome(self, song: Song, *, uri: str) -> Outcome:
        try:
            with self.metrics.song_seconds.time():
                return await self._turns.outcome(song, uri=uri)
        except TookTooLongError:
            reason = f"takes longer than {self.settings.song_timeout:g} s to predict"
            return Outcome(422, {"file": song.name, "reason": reason})
        except DiedError:
            reason = f"the process that decodes it ended {TRIES} times: killed, or out of memory"
            return Outcome(422, {"file": song.name, "reason": reason})
        except StoppedError as error:
            return Outcome(503, {"file": song.name, "reason": str(error)})
        except GenreError as error:
            self.report(f"{song.name}: {error}")
            return Outcome(500, {"file": song.name, "reason": str(error)})

    def _serves(self, loaded: Loaded) -> None:
        self.model = loaded.model
        # Where it is most of the work, songs together take little longer than one.
        is_most = loaded.block > MOST * loaded.song
        self._turns.patience = PATIENCE * loaded.block if is_most else 0.0
        self.metrics.serves(loaded.model)

    def close(self) -> None:
        """End the processes."""
        self._pool.close()
