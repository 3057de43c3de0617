"""A named Prefect server that is not there: one line that names it, without its password."""

from __future__ import annotations

import pytest

from flows.orchestration import server
from flows.orchestration.server import ServerError


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(ServerError, match=r"PREFECT_API_URL is 'http://…@127\.0\.0\.1:1/api'") as caught:
        server.check_reachable("http://me:secret@127.0.0.1:1/api")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
