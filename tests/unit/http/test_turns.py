"""Songs that wait for a process: several at once, and each alone where something went wrong with several."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.http.pool import DiedError, Pool, StoppedError, TookTooLongError
from components.http.turns import BYTES, MOST, Turns
from components.http.upload import Song
from components.http.worker import File, Limits, Outcome
from tests.support import fake_songs

#: Seconds in which a process starts on a busy machine.
LONG = 120.0
LIMITS = Limits(60.0, 1000)


class Recorded:
    """Songs by name, in the groups that went to a process."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def task(self, songs: Sequence[Song], uri: str) -> Callable[[], list[Outcome]]:
        self.groups.append([song.name for song in songs])
        files = [File(str(song.path), song.name) for song in songs]
        return partial(fake_songs.predict, files, uri=uri, limits=LIMITS)


def turning(
    what: Callable[[Turns, Recorded], Awaitable[Any]], *, size: int = 1, seconds: float = LONG
) -> list[list[str]]:
    """Do something with turns on an open pool; return the groups."""
    recorded = Recorded()

    async def run() -> None:
        pool = Pool(size, start=int, report=lambda _: None)
        await pool.open(partial(fake_songs.load, "a", limits=LIMITS))
        try:
            async with asyncio.timeout(LONG):
                await what(Turns(pool, task=recorded.task, seconds=seconds), recorded)
        finally:
            pool.close()

    asyncio.run(run())
    return recorded.groups


def songs(folder: Path, *contents: str, size: int = 1) -> list[Song]:
    found = []
    for at, content in enumerate(contents):
        (folder / str(at)).write_text(content)
        found.append(Song(content, folder / str(at), size))
    return found


async def outcomes(turns: Turns, sent: Sequence[Song], *, uri: str = "a") -> list[Any]:
    waiting = (turns.outcome(song, uri=uri) for song in sent)
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_what_waits_goes_to_a_process_together(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        sent = songs(tmp_path, *(f"genre {at}" for at in range(MOST + 2)))
        found = await outcomes(turns, sent)
        assert [one.song["genre"] for one in found] == [song.name for song in sent]

    groups = turning(what)
    assert [len(group) for group in groups] == [MOST, 2]


def test_free_processes_share_what_waits(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        await outcomes(turns, songs(tmp_path, "a", "b", "c", "d"))

    assert sorted(len(group) for group in turning(what, size=2)) == [2, 2]


def test_a_process_waits_for_as_many_songs_as_there_were_lately(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        sent = songs(tmp_path, "a", "b", "c", "d", "e", "f", "g")
        await outcomes(turns, sent[:3])
        turns.patience = LONG
        # Clients that send the next one after each answer, one after the other.
        waiting = []
        for song in sent[3:6]:
            waiting.append(asyncio.create_task(turns.outcome(song, uri="a")))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        # Fewer than there were: it waits as long as it may, and not for long.
        turns.patience = 0.01
        for song in (sent[6], sent[0]):
            await turns.outcome(song, uri="a")
        turns.patience = LONG
        await turns.outcome(sent[1], uri="a")

    assert turning(what) == [["a", "b", "c"], ["d", "e", "f"], ["g"], ["a"], ["b"]]


def test_songs_that_cost_little_together_are_not_shared(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        turns.patience = 0.01
        await outcomes(turns, songs(tmp_path, "a", "b", "c", "d"))

    assert turning(what, size=2) == [["a", "b", "c", "d"]]


def test_songs_that_arrive_are_waited_for(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        first, second = songs(tmp_path, "a", "b")
        turns.arriving = 1
        await turns.outcome(first, uri="a")
        turns.patience = LONG
        waiting = asyncio.create_task(turns.outcome(first, uri="a"))
        await asyncio.sleep(0)
        turns.arriving = 0
        await asyncio.gather(waiting, turns.outcome(second, uri="a"))

    assert turning(what) == [["a"], ["a", "b"]]


def test_large_songs_and_songs_of_another_model_go_by_themselves(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        await outcomes(turns, songs(tmp_path, "a", "b", size=BYTES))
        sent = songs(tmp_path, "c", "d", "e")
        both = await asyncio.gather(
            outcomes(turns, sent[:1]), outcomes(turns, sent[1:2], uri="b"), outcomes(turns, sent[2:])
        )
        assert [found[0].song["genre"] for found in both] == ["c", "d", "e"]

    assert turning(what) == [["a"], ["b"], ["c", "e"], ["d"]]


def test_a_fault_of_one_costs_the_others_nothing(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        found = await outcomes(turns, songs(tmp_path, "jazz", "die", "fail", "die once"))
        assert [type(one) for one in found] == [Outcome, DiedError, fake_songs.RegistryError, Outcome]

    groups = turning(what)
    assert len(groups[0]) == 4
    assert all(len(group) == 1 for group in groups[1:])
    assert groups.count(["die"]) == groups.count(["die once"]) == 2


def test_several_that_take_too_long_have_the_time_each_alone(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        found = await outcomes(turns, songs(tmp_path, "jazz", "hang"))
        assert [type(one) for one in found] == [Outcome, TookTooLongError]

    assert turning(what, seconds=2.0)[0] == ["jazz", "hang"]


def test_one_that_takes_too_long_after_its_process_died_is_not_tried_for_ever(tmp_path):
    async def what(turns: Turns, _: Recorded) -> None:
        found = await outcomes(turns, songs(tmp_path, "die once, hang"))
        assert [type(one) for one in found] == [TookTooLongError]

    assert len(turning(what, seconds=2.0)) == 2


def test_songs_that_nobody_waits_for_any_more_hold_up_no_other(tmp_path):
    async def what(turns: Turns, recorded: Recorded) -> None:
        sent = songs(tmp_path, "hang", "hang", "late", "jazz")
        hanging = [asyncio.create_task(turns.outcome(song, uri="a")) for song in sent[:2]]
        while not recorded.groups:
            await asyncio.sleep(0)
        late = asyncio.create_task(turns.outcome(sent[2], uri="a"))
        await asyncio.sleep(0)
        for task in (*hanging, late):
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        assert (await turns.outcome(sent[3], uri="a")).song["genre"] == "jazz"

    assert turning(what) == [["hang", "hang"], ["jazz"]]


def test_where_no_process_is_left_no_song_waits(tmp_path, monkeypatch):
    async def stopped(*_: Any, **__: Any) -> None:
        raise StoppedError("the model is gone")

    async def what(turns: Turns, _: Recorded) -> None:
        run = turns._pool.run
        monkeypatch.setattr(turns._pool, "run", stopped)
        sent = songs(tmp_path, *(f"genre {at}" for at in range(MOST + 1)))
        assert {str(one) for one in await outcomes(turns, sent)} == {"the model is gone"}
        monkeypatch.setattr(turns._pool, "run", run)
        assert (await turns.outcome(sent[0], uri="a")).song["genre"] == "genre 0"

    assert turning(what) == [["genre 0"]]
