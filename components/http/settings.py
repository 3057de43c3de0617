"""Limits and key of the server, which change no result: ``GENRE_SERVE_*`` environment variables."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from components.config import variables
from components.core import processes
from components.core.errors import ParamsError


class ServeSettings(BaseSettings):
    """What the server takes. Each field is read from ``GENRE_SERVE_<FIELD>``.

    Attributes
    ----------
    api_key : SecretStr
        What requests must bring, 16 characters or more; '' where anybody on this machine may predict.
    workers : int
        Processes that decode and predict, 1 to 256; by default one a core.
    max_bytes : int
        Of a song, and of a raw body; ``corpus.max_bytes`` of the model where that is less.
    max_seconds : float
        Of a song; ``corpus.max_seconds`` of the model where that is less.
    max_songs : int
        Of a request, 1 to 1,000.
    max_request_bytes : int
        Of a request's body with all its songs.
    max_requests : int
        Requests at once, 1 to 10,000; further ones are refused with status 429.
    song_timeout : float
        Seconds that decoding and predicting one song may take; then its process is killed.
    upload_timeout : float
        Seconds in which a body must have arrived.
    refresh : float
        Seconds between two looks at which version is champion.
    """

    model_config = SettingsConfigDict(
        env_prefix="GENRE_SERVE_", frozen=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True
    )

    api_key: SecretStr = SecretStr("")
    workers: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=processes.cores)
    max_bytes: Annotated[int, Field(ge=1)] = 250_000_000
    max_seconds: Annotated[float, Field(gt=0.0)] = 3600.0
    max_songs: Annotated[int, Field(ge=1, le=1000)] = 32
    max_request_bytes: Annotated[int, Field(ge=1)] = 1_000_000_000
    max_requests: Annotated[int, Field(ge=1, le=10_000)] = 32
    song_timeout: Annotated[float, Field(gt=0.0)] = 120.0
    upload_timeout: Annotated[float, Field(gt=0.0)] = 300.0
    refresh: Annotated[float, Field(gt=0.0)] = 5.0


#: Characters of a key that cannot be guessed.
SHORTEST_KEY = 16


def load() -> ServeSettings:
    """Read the settings from the environment.

    Raises
    ------
    ParamsError
        If a variable is not of its type or range, or of no setting, or the key is short. No message holds the key.
    """
    known = variables.names(ServeSettings)
    for name in os.environ:
        # A limit, or a key, that is misspelt would be none.
        if name.upper().startswith("GENRE_SERVE_") and name.upper() not in known:
            raise ParamsError(f"{name} is no setting of the server; valid: {', '.join(known)}")
    settings = variables.read(ServeSettings)
    key = settings.api_key.get_secret_value()
    if key and (len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key):
        raise ParamsError(
            f"GENRE_SERVE_API_KEY has {len(key)} characters; valid: {SHORTEST_KEY} or more of ASCII without spaces"
        )
    return settings
