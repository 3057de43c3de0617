"""What a server's worker process does, without a model: a song's content says what becomes of it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from components.core.errors import RegistryError
from components.http.worker import Limits, Outcome


def load(uri: str, *, limits: Limits) -> dict[str, Any]:
    if uri.endswith("damaged"):
        raise RegistryError(f"{uri} was altered")
    return {"name": "fake", "uri": uri, "run_id": "0" * 32, "marks": []}


def predict(path: str, *, uri: str, name: str, limits: Limits) -> Outcome:
    """``die`` ends the process, ``die once`` the first time only, ``hang`` never returns; the rest is a genre."""
    content = Path(path).read_text(encoding="utf-8")
    if content == "die" or (content == "die once" and not Path(f"{path}.died").exists()):
        Path(f"{path}.died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if content == "hang":
        threading.Event().wait()
    if content == "fail":
        raise RegistryError("the weights are gone")
    if content == "noise":
        return Outcome(415, {"file": name, "reason": "not audio that can be read"})
    return Outcome(200, song(name, genre=content, uri=uri))


def song(name: str, *, genre: str, uri: str = "") -> dict[str, Any]:
    return {
        "file": name,
        "genre": genre,
        "confidence": 0.9,
        "unsure": "",
        "seconds": 30.0,
        "coverage": 1.0,
        "probabilities": {genre: 0.9, f"not {genre} {uri}": 0.1},
        "timeline": [{"start": 0.0, "genre": genre, "probability": 0.9}],
    }
