"""The description of ``genre serve``'s API in a browser: drawn whole, tried out, and nothing loaded from elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.http import app
from components.http.metrics import Metrics
from components.http.settings import ServeSettings
from tests.support.fake_songs import InProcess
from tests.support.servers import LIMIT, free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server without processes, in a thread."""
    import uvicorn

    service = InProcess(ServeSettings(), resolve=str, metrics=Metrics(), report=print)
    port = free_port()
    built = app.build(service, hosts=["127.0.0.1"], stop=lambda: None)
    server = uvicorn.Server(uvicorn.Config(built, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    limit = time.monotonic() + LIMIT
    while not server.started and time.monotonic() < limit:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_it_is_drawn_and_tried_out_without_a_network(browser, address: str, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_text("jazz")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    seen: list[str] = []
    tab.on("request", lambda request: seen.append(request.url))
    tab.on("pageerror", lambda error: seen.append(str(error)))
    tab.goto(f"{address}/docs")
    tab.get_by_role("button", name="POST /predict").first.click()
    tab.locator("input[type=file]").first.set_input_files(tmp_path / "song.wav")
    tab.get_by_role("button", name="Execute").click()
    tab.locator(".live-responses-table .response-col_status", has_text="200").first.wait_for()
    assert "jazz" in tab.locator(".live-responses-table").inner_text()
    assert all(one.startswith((address, "data:", "blob:")) for one in seen), seen
    context.close()
