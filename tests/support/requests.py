"""Requests to a served model."""

from __future__ import annotations

import base64
from typing import Any


def as_request(audio: bytes) -> dict[str, Any]:
    """Return the JSON body that ``mlflow models serve`` takes, for a file's content."""
    return {"dataframe_records": [{"audio": base64.b64encode(audio).decode("ascii")}]}
