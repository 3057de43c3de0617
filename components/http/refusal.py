"""A request that is refused: its status, and the reason that its response holds."""

from __future__ import annotations

from collections.abc import Mapping


class RefusedError(Exception):
    """Why a request, or a song of one, gets no prediction.

    Parameters
    ----------
    status : int
        Of HTTP, 400 or above.
    reason : str
        One line that names the value and what is valid.
    headers : mapping of str to str, optional
        Of the response.
    """

    def __init__(self, status: int, reason: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, dict(headers or {})
