"""The model that serves: exchanged when another ought to, kept where that one is damaged, and whole through deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from components.core.errors import RegistryError
from components.http.metrics import Metrics
from components.http.service import Service
from components.http.settings import ServeSettings
from components.http.upload import Song
from tests.support import fake_songs


def songs(folder: Path, *contents: str) -> list[Song]:
    found = []
    for at, content in enumerate(contents):
        (folder / str(at)).write_text(content)
        found.append(Song(f"{at}.wav", folder / str(at), len(content)))
    return found


def serving(what: Callable[[Service, list[str]], Awaitable[Any]], **settings: Any) -> list[str]:
    """Do something with an open service of fake models, whose address is the last of a list; return its reports."""
    lines: list[str] = []
    addresses = ["models:/genre/1"]

    async def run() -> None:
        service = Service(
            ServeSettings(**({"workers": 1} | settings)),
            resolve=lambda: addresses[-1],
            metrics=Metrics(),
            report=lines.append,
            load=fake_songs.load,
            predict=fake_songs.predict,
        )
        try:
            await service.open()
            await what(service, addresses)
        finally:
            service.close()

    asyncio.run(run())
    return lines


def test_every_song_has_its_outcome_whatever_becomes_of_the_others(tmp_path):
    async def what(service: Service, _: list[str]) -> None:
        sent = songs(tmp_path, "jazz", "die", "noise", "die once", "fail", "rock")
        model, outcomes = await service.predictions(sent)
        assert model.uri == "models:/genre/1"
        assert [outcome.status for outcome in outcomes] == [200, 422, 415, 200, 500, 200]
        assert [outcome.song["file"] for outcome in outcomes] == [song.name for song in sent]
        assert outcomes[0].song["genre"] == "jazz"
        text = service.metrics.text().decode()
        assert 'genre_songs_total{outcome="genre"} 3.0' in text
        assert "# TYPE genre_worker_restarts_total counter\ngenre_worker_restarts_total 4.0" in text

    lines = serving(what)
    assert sum("another one is started" in line for line in lines) == 4


def test_a_song_that_takes_too_long_is_named(tmp_path):
    async def what(service: Service, _: list[str]) -> None:
        _, (outcome,) = await service.predictions(songs(tmp_path, "hang"))
        assert outcome.status == 422
        assert "0.2 s" in outcome.song["reason"]

    serving(what, song_timeout=0.2)


def test_another_champion_serves_once_it_is_loaded_and_a_damaged_one_does_not(tmp_path):
    async def what(service: Service, addresses: list[str]) -> None:
        begun = asyncio.create_task(service.predictions(songs(tmp_path, *["jazz"] * 5)))
        addresses.append("models:/genre/2")
        await service.refresh()
        model, outcomes = await begun
        # It ends with the model that it began with.
        assert model.uri == "models:/genre/1"
        assert {outcome.status for outcome in outcomes} == {200}
        assert (await service.predictions(songs(tmp_path, "jazz")))[0].uri == "models:/genre/2"
        addresses.append("models:/genre/damaged")
        await service.refresh()
        await service.refresh()
        assert "damaged" in service.problem
        assert (await service.predictions(songs(tmp_path, "jazz")))[0].uri == "models:/genre/2"
        addresses.append("models:/genre/2")
        await service.refresh()
        assert service.problem == ""

    lines = serving(what)
    assert sum("damaged" in line for line in lines) == 1


def test_a_first_model_that_cannot_be_loaded_is_an_error():
    async def what(_service: Service, _: list[str]) -> None:
        raise AssertionError("it did not open")

    lines: list[str] = []
    service = Service(
        ServeSettings(workers=1),
        resolve=lambda: "models:/genre/damaged",
        metrics=Metrics(),
        report=lines.append,
        load=fake_songs.load,
    )

    async def run() -> None:
        try:
            await service.open()
        finally:
            service.close()

    with pytest.raises(RegistryError, match="altered"):
        asyncio.run(run())
