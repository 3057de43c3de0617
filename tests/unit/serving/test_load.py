"""Loaded models: the address of one, by name, version, run or alias."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

from components.core.errors import GenreError, ParamsError, RegistryError, StoreError
from components.serving import load
from components.tracking import integrity


class Page(BaseHTTPRequestHandler):
    """Another program's server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html>\n<p>Hello\n")

    do_HEAD = do_POST = do_GET

    def log_message(self, *_: object) -> None: ...


class TestWhichModel:
    @pytest.fixture
    def client(self, monkeypatch):
        monkeypatch.setattr(load, "champion", lambda client, name: None)
        run = SimpleNamespace(
            info=SimpleNamespace(run_id="f" * 32, status="FINISHED"),
            data=SimpleNamespace(tags={"model": "mlp", integrity.NAME: "mlp"}),
        )
        before = SimpleNamespace(info=SimpleNamespace(run_id="abc"), data=SimpleNamespace(tags={}))

        def get_run(run_id: str) -> SimpleNamespace:
            if run_id != "abc":
                raise MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
            return before

        return SimpleNamespace(
            get_experiment_by_name=lambda name: SimpleNamespace(experiment_id="1"),
            search_runs=lambda *_, **__: [run],
            get_run=get_run,
        )

    def test_no_champion_names_what_there_is(self, client, demo_params):
        with pytest.raises(RegistryError, match=r"genre run.*mlp"):
            load.address(client, None, params=demo_params)

    def test_the_champion_by_its_version(self, client, demo_params, monkeypatch):
        monkeypatch.setattr(load, "champion", lambda client, name: SimpleNamespace(version="3"))
        assert load.address(client, None, params=demo_params) == "models:/genre/3"

    @pytest.mark.parametrize(
        ("model", "uri"),
        [
            ("mlp", f"runs:/{'f' * 32}/mlp"),
            ("runs:/abc", "runs:/abc/model"),
            ("runs:/abc/mlp", "runs:/abc/mlp"),
            ("models:/genre/2", "models:/genre/2"),
        ],
    )
    def test_by_option(self, client, demo_params, model, uri):
        assert load.address(client, model, params=demo_params) == uri

    def test_an_unknown_one(self, client, demo_params):
        for name in ("cnn", "runs:/cnn"):
            with pytest.raises(ParamsError, match=rf"'{name}'.*valid: mlp"):
                load.address(client, name, params=demo_params)

    @pytest.mark.parametrize("place", ["gone/mlflow.db", "folder"])
    def test_a_database_that_is_none_is_named_and_not_made(self, tmp_path, monkeypatch, place):
        (tmp_path / "folder").mkdir()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/{place}")
        with pytest.raises(GenreError, match=place):
            load.store()
        assert [path.name for path in tmp_path.rglob("*")] == ["folder"]

    def test_a_server_that_is_none_of_mlflow_s_is_named(self, monkeypatch, demo_params):
        """It answers everything with a page of HTML."""
        with HTTPServer(("127.0.0.1", 0), Page) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
            monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
            client = load.store()
            import mlflow

            mlflow.set_tracking_uri(f"http://127.0.0.1:{server.server_port}")
            for model in (None, "mlp", "runs:/0123456789abcdef0123456789abcdef"):
                with pytest.raises(
                    StoreError, match=r"the MLflow store http://127\.0\.0\.1:\d+ failed"
                ) as failed:
                    load.address(client, model, params=demo_params)
                assert "\n" not in str(failed.value)
            server.shutdown()

    def test_nothing_trained_makes_no_store(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with pytest.raises(RegistryError, match="nothing was trained"):
            load.store()
        assert not list(tmp_path.iterdir())
