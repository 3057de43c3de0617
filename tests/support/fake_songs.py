"""What a server's worker process does, without a model: a song's content says what becomes of it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from components.core.errors import RegistryError
from components.http.schema import Model
from components.http.service import Service
from components.http.upload import Song
from components.http.worker import File, Limits, Loaded, Outcome
from components.serving.prediction import Prediction, Segment


def load(uri: str, *, limits: Limits) -> Loaded:
    if uri.endswith("damaged"):
        raise RegistryError(f"{uri} was altered")
    return Loaded(Model(name="fake", uri=uri, run_id="0" * 32, marks=[]))


def predict(files: Sequence[File], *, uri: str, limits: Limits) -> list[Outcome]:
    return [one(path, uri=uri, name=name) for path, name in files]


def one(path: str, *, uri: str, name: str) -> Outcome:
    """``die`` ends the process, ``die once`` the first time only, ``hang`` never returns; the rest is a genre.

    ``die once, hang`` does one after the other.
    """
    content = Path(path).read_text(encoding="utf-8")
    if content == "die" or (content.startswith("die once") and not Path(f"{path}.died").exists()):
        Path(f"{path}.died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if content.endswith("hang"):
        threading.Event().wait()
    if content == "fail":
        raise RegistryError("the weights are gone")
    if content == "noise":
        return Outcome(415, {"file": name, "reason": "not audio that can be read"})
    return Outcome(200, song(name, genre=content, uri=uri))


def song(name: str, *, genre: str, uri: str = "") -> dict[str, Any]:
    shares = {genre: 0.9, f"not {genre} {uri}": 0.1}
    prediction = Prediction(genre, seconds=30.0, probabilities=shares, timeline=[Segment(0.0, genre, 0.9)])
    return {"file": name, **prediction.as_dict()}


class InProcess(Service):
    """A service without processes; a song that says ``wait`` is predicted once ``released`` is set."""

    stopped = ""  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self.failure: Exception | None = None

    async def open(self) -> None:
        if self.failure:
            raise self.failure
        self.model = load("models:/genre/1", limits=self.limits).model

    def receiving(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def predictions(self, songs: Sequence[Song]) -> tuple[Model, list[Outcome]]:
        outcomes = []
        for song in songs:
            if song.path.read_bytes() == b"wait":
                self.reached.set()
                await asyncio.to_thread(self.released.wait)
            outcomes.append(one(str(song.path), uri="", name=song.name))
        assert self.model is not None
        return self.model, outcomes

    async def refresh(self) -> None:
        """No other model comes."""

    def close(self) -> None:
        """Nothing runs."""
