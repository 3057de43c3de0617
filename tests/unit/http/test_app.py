"""Routes: answers of the described form, statuses with reasons, key, limits, a description that needs no network."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from components.core.errors import RegistryError
from components.http import app, schema, upload
from components.http.metrics import Metrics
from components.http.settings import ServeSettings
from tests.support.fake_songs import InProcess

KEY = "planted-7f3a91-secret"


@contextmanager
def client(**settings: Any) -> Iterator[tuple[TestClient, InProcess]]:
    service = InProcess(ServeSettings(**settings), resolve=str, metrics=Metrics(), report=print)
    built = app.build(service, hosts=["127.0.0.1"], stop=lambda: None)
    with TestClient(built, base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened, service


def files(*contents: str) -> list[tuple[str, tuple[str, bytes]]]:
    return [("songs", (f"{at}.wav", content.encode())) for at, content in enumerate(contents)]


def test_songs_are_answered_in_order_in_the_described_form():
    with client() as (http, _):
        answer = http.post("/predict", files=files("jazz", "noise", "rock"))
        assert answer.status_code == 200
        found = schema.Predictions.model_validate(answer.json())
        assert [song.file for song in found.songs] == ["0.wav", "1.wav", "2.wav"]
        assert isinstance(found.songs[1], schema.FaultySong)
        assert found.songs[0].timeline
        short = http.post("/predict?timeline=false", files=files("jazz")).json()["songs"][0]
        assert "timeline" not in short


def test_no_song_is_left_on_disk_once_it_is_answered(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with client() as (http, _):
        http.post("/predict", files=files("jazz", "noise"))
        (folder,) = tmp_path.iterdir()
        assert not list(folder.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_raw_body_has_the_name_of_the_address():
    with client() as (http, _):
        answer = http.post("/predict?name=a.mp3", content=b"jazz", headers={"Content-Type": "audio/mpeg"})
        assert answer.json()["songs"][0]["file"] == "a.mp3"


@pytest.mark.parametrize(
    ("contents", "status"), [(["noise"], 415), (["noise", "noise"], 415), (["noise", "fail?", "jazz"], 200)]
)
def test_the_status_is_that_of_the_songs_where_none_is_predicted(contents, status):
    with client() as (http, _):
        answer = http.post("/predict", files=files(*contents))
        assert answer.status_code == status
        if status != 200:
            refused = schema.Refusal.model_validate(answer.json())
            assert refused.songs is not None
            assert len(refused.songs) == len(contents)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "/predict", {}, 405),
        ("GET", "/models", {}, 404),
        ("POST", "/predict", {"json": {"song": "x"}}, 415),
        ("POST", "/predict", {}, 422),
        ("POST", "/predict?timeline=perhaps", {"files": files("jazz")}, 422),
        ("POST", "/predict", {"files": files("x" * 1001)}, 413),
        ("POST", "/predict", {"content": b"x" * 1001, "headers": {"Content-Type": "audio/wav"}}, 413),
    ],
)
def test_a_request_that_is_refused_has_its_reason(method, path, sent, status):
    with client(max_bytes=1000, max_request_bytes=3000) as (http, _):
        answer = http.request(method, path, **sent)
        assert answer.status_code == status
        assert schema.Refusal.model_validate(answer.json()).reason
        assert http.post("/predict", files=files("jazz")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("POST", "/predict?timelin=false", ["'timelin'", "timeline, name"]),
        ("POST", "/predict?timeline=false&timeline=true", ["timeline is there 2 times"]),
        ("POST", "/predict?timeline=no+way", ["'no way'", "true, false"]),
        ("POST", "/predict?name=x.mp3", ["'x.mp3'"]),
        ("GET", "/health?verbose=1", ["'verbose'", "none"]),
        ("GET", "/ready?x", ["'x'", "none"]),
        ("GET", "/metrics?x=", ["'x'", "none"]),
        ("GET", "/docs?x=1", ["'x'", "none"]),
        ("GET", "/openapi.json?x=1", ["'x'", "none"]),
        ("GET", "/?x=1", ["'x'", "none"]),
    ],
)
def test_an_option_that_there_is_not_is_named_with_those_there_are(method, path, named):
    with client() as (http, _):
        answer = http.request(method, path, **({"files": files("jazz")} if method == "POST" else {}))
        assert answer.status_code == 422
        for one in named:
            assert one in schema.Refusal.model_validate(answer.json()).reason


def test_head_is_get_without_a_body():
    with client() as (http, service):
        for path in ("/health", "/ready", "/docs", "/openapi.json", "/metrics", "/"):
            assert http.head(path).status_code == 200
        assert http.head("/predict").status_code == 405
        service.model = None
        assert http.head("/ready").status_code == 503


def test_a_body_that_does_not_come_is_not_waited_for_any_longer(monkeypatch):
    async def never(_: object) -> None:
        raise AssertionError("nothing more is read of it")

    monkeypatch.setattr(app, "_linger", never)

    async def late(*_: object, **__: object) -> list[upload.Song]:
        raise TimeoutError

    monkeypatch.setattr(upload, "receive", late)
    with client() as (http, _):
        answer = http.post("/predict", content=b"jazz", headers={"Content-Type": "audio/wav"})
        assert answer.status_code == 408
        assert answer.headers["Connection"] == "close"


def test_a_browser_is_led_to_the_description():
    with client() as (http, _):
        answer = http.get("/", headers={"Accept": "text/html,*/*;q=0.8"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (307, "docs")
        assert http.get("/").json()["description"] == "/docs"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}, 200),
        # Behind a proxy that has a name of its own.
        ({"Origin": "https://music.example", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_sends_no_songs(headers, status):
    with client() as (http, _):
        answer = http.post("/predict", files=files("jazz"), headers=headers)
        assert answer.status_code == status
        assert "access-control-allow-origin" not in answer.headers


def test_one_request_too_many_is_429_and_others_are_answered():
    with client(max_requests=1) as (http, service):
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(http.post("/predict", files=files("wait"))))
        waiting.start()
        service.reached.wait(60)
        refused = http.post("/predict", files=files("jazz"))
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
        assert http.get("/health").status_code == 200
        service.released.set()
        waiting.join()
        assert answers[0].status_code == 200
        assert http.post("/predict", files=files("jazz")).status_code == 200
        counted = http.get("/metrics").text
        assert 'genre_requests_total{status="429"} 1.0' in counted


def test_the_key_is_wanted_where_there_is_one():
    with client(api_key=KEY) as (http, _):
        for path in ("/health", "/ready", "/docs", "/openapi.json"):
            assert http.get(path).status_code == 200
        for headers in ({}, {"X-API-Key": KEY[:-1]}, {"Authorization": "Bearer ä"}, {"X-API-Key": ""}):
            encoded = {name: value.encode() for name, value in headers.items()}
            answer = http.post("/predict", files=files("jazz"), headers=encoded)
            assert answer.status_code == 401
            assert KEY not in answer.text
            assert http.get("/metrics", headers=encoded).status_code == 401
        for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
            assert http.post("/predict", files=files("jazz"), headers=headers).status_code == 200
            assert http.get("/metrics", headers=headers).status_code == 200


def test_it_is_ready_with_the_model_and_not_before():
    with client() as (http, service):
        assert http.get("/ready").json()["model"]["uri"] == "models:/genre/1"
        service.model = None
        assert http.get("/ready").status_code == 503
        answer = http.post("/predict", files=files("jazz"))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]


def test_it_is_not_ready_where_no_process_can_load_the_model_any_more():
    with client() as (http, service):
        service.stopped = "a worker process cannot be prepared: models:/genre/1 does not exist"  # type: ignore[misc]
        for answer in (http.get("/ready"), http.post("/predict", files=files("jazz"))):
            assert answer.status_code == 503
            assert service.stopped in answer.json()["reason"]
        assert http.get("/health").status_code == 200


def test_a_service_that_does_not_open_stops_the_server():
    stopped = threading.Event()
    service = InProcess(ServeSettings(), resolve=str, metrics=Metrics(), report=print)
    service.failure = RegistryError("no champion")
    built = app.build(service, hosts=["*"], stop=stopped.set)
    with TestClient(built):
        assert stopped.wait(60)
    assert built.state.own.failure is service.failure


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "x_y", "no host", ""])
@pytest.mark.parametrize("path", ["/health", "/predict", "/docs/assets/swagger-ui.css", "/nowhere"])
def test_another_host_name_is_refused_with_the_valid_ones(host, path):
    with client() as (http, _):
        answer = http.request("POST" if path == "/predict" else "GET", path, headers={"Host": host})
        assert answer.status_code == 400
        reason = schema.Refusal.model_validate(answer.json()).reason
        assert repr(host) in reason
        assert "valid: 127.0.0.1" in reason


@pytest.mark.parametrize("address", ["http://127.0.0.1:8123", "https://127.0.0.1"])
def test_the_description_s_commands_are_for_the_address_that_it_was_called_by(address):
    with client() as (http, _):
        http.base_url = address
        about = http.get("/openapi.json").json()["info"]["description"]
        assert set(re.findall(r"https?://[^ \n]+", about)) == {f"{address}/predict"}


def test_the_description_has_examples_and_loads_nothing_from_elsewhere():
    with client() as (http, _):
        page = http.get("/docs").text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert loaded
        for one in loaded:
            assert not one.startswith(("http", "//"))
            assert one.startswith("data:") or http.get(f"/{one}").status_code == 200
        described = http.get("/openapi.json").json()
        operation = described["paths"]["/predict"]["post"]
        assert {"413", "415", "422", "429"} <= set(operation["responses"])
        assert "multipart/form-data" in operation["requestBody"]["content"]
        (example,) = described["components"]["schemas"]["Predictions"]["examples"]
        schema.Predictions.model_validate(example)


def test_songs_are_gone_when_they_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with client(max_bytes=1000) as (http, _):
        http.post("/predict", files=files("jazz", "noise"))
        http.post("/predict", files=files("x" * 1001))
    assert list(tmp_path.iterdir()) == []
