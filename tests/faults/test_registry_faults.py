"""A champion that is not there, altered or contested: a named error or the right champion, and nothing in between."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from components import tracking
from components.config.params import Params
from components.core.errors import ParamsError, RegistryError
from components.registry import criteria, promote, promotion_lock, rescore
from components.serving import load
from components.tracking import integrity, store
from tests.conftest import PROJECT
from tests.integration.test_registry import retrained, spoil

if TYPE_CHECKING:
    from mlflow import MlflowClient

pytestmark = pytest.mark.usefixtures("light_models")
CHAMPION = "models:/genre@champion"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    """A store with three registered versions of one logged model; the first is champion."""
    import mlflow

    from tests.support.small_model import Constant

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("shop"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        client = tracking.connect()
        run = client.create_run(store.experiment(client, store.TRAINING)).info.run_id
        with mlflow.start_run(run_id=run):
            mlflow.pyfunc.log_model(name="model", python_model=str(Constant), pip_requirements=["mlflow"])
        client.set_tag(run, integrity.TAG, integrity.of_run(client, run))
        tags = {integrity.TAG: client.get_run(run).data.tags[integrity.TAG], "genres": "[]"}
        for _ in range(3):
            mlflow.register_model(f"runs:/{run}/model", "genre", tags=tags)
        client.set_registered_model_alias("genre", "champion", "1")
        yield client
    mlflow.set_tracking_uri(None)


@pytest.fixture
def client(shop: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    """The shop; its files and its champion are put back."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shop.tracking_uri)
    place = integrity.checked(shop, CHAMPION)
    kept = place.with_name("kept")
    shutil.copytree(place, kept)
    yield shop
    shutil.rmtree(place, ignore_errors=True)
    kept.replace(place)
    shop.set_registered_model_alias("genre", "champion", "1")


@pytest.fixture
def promoted(trained: Path, small_params: Params, passing_smoke_test: list[str]) -> MlflowClient:
    """The trained project's store, its model promoted as version 1."""
    assert promote.promote(params=small_params, root=trained).promoted
    return tracking.connect()


def serving(client: MlflowClient) -> str:
    return str(client.get_model_version_by_alias("genre", "champion").version)


def files(client: MlflowClient, uri: str = CHAMPION) -> Path:
    return integrity.checked(client, uri)


# --- no champion


def test_without_a_champion_each_message_names_what_to_do(client: MlflowClient, small_params: Params) -> None:
    client.delete_registered_model_alias("genre", "champion")
    assert "Champion: none; `genre promote`" in promote.summary(params=small_params)
    with pytest.raises(RegistryError, match=r"no model was promoted yet; valid: `genre run`"):
        load.address(client, None, params=small_params)
    with pytest.raises(ParamsError, match=r"'7' of 'genre' is not registered; valid: 1, 2, 3"):
        promote.rollback("7", params=small_params)


# --- its files

ALTERED: dict[str, Callable[[Path], object]] = {
    "one byte of one file": lambda folder: (folder / "MLmodel").write_bytes(
        (folder / "MLmodel").read_bytes()[:-1] + b"#"
    ),
    "code added": lambda folder: (folder / "sitecustomize.py").write_text("import os"),
    "a file gone": lambda folder: (folder / "small_model.py").unlink(),
    "a file of another name": lambda folder: (folder / "small_model.py").rename(folder / "large_model.py"),
    "cut short": lambda folder: (folder / "small_model.py").write_bytes(b""),
    "all gone": shutil.rmtree,
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_champion_is_refused_before_anything_of_it_is_loaded(
    client: MlflowClient, small_params: Params, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    import mlflow

    ALTERED[case](files(client))
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda *_: pytest.fail("it was loaded"))
    address = load.address(client, None, params=small_params)
    with pytest.raises(RegistryError, match=r"not those that were logged|cannot be read") as caught:
        load.load(client, address)
    assert "genre rollback VERSION" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_champion_that_is_as_it_was_logged_is_loaded_from_the_files_that_were_looked_at(
    client: MlflowClient,
) -> None:
    import mlflow

    mlflow.pyfunc.load_model(CHAMPION)  # MLflow writes a file beside the model: no alteration
    assert mlflow.pyfunc.load_model(str(files(client))).metadata.run_id


def test_a_version_that_somebody_registered_by_hand_is_refused(client: MlflowClient) -> None:
    import mlflow

    run = client.get_model_version("genre", "1").run_id
    version = mlflow.register_model(f"runs:/{run}/model", "other").version
    with pytest.raises(RegistryError, match="not logged by this project, and loading it would run its code"):
        files(client, f"models:/other/{version}")


@pytest.mark.slow
def test_the_gate_refuses_a_version_whose_files_were_altered_and_the_champion_stays(
    promoted: MlflowClient, trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(trained)
    retrained(trained, weights_sha256="other", right=True)

    def altered(uri: str, *, genres: list[str]) -> criteria.Criterion:
        ALTERED["one byte of one file"](files(promoted, uri))
        return criteria.smoke_test(uri, genres=genres)

    monkeypatch.setattr(promote, "smoke_test", altered)
    monkeypatch.setattr(
        promote.criteria, "beats_champion", lambda *_, **__: criteria.Criterion("better?", True, "yes")
    )
    decision = promote.promote(params=small_params, root=trained)
    assert not decision.promoted
    assert "not those that were logged" in decision.reason
    assert serving(promoted) == "1"
    assert "refused" in promoted.get_model_version("genre", "2").tags["promotion"]


@pytest.mark.slow
def test_an_altered_champion_is_not_scored_anew(
    promoted: MlflowClient, trained: Path, small_params: Params
) -> None:
    version = promoted.get_model_version("genre", "1")
    ALTERED["code added"](files(promoted))
    with pytest.raises(RegistryError, match="nothing of it was loaded"):
        rescore.validation_predictions(promoted, version, unit="segment", params=small_params, root=trained)


# --- two at once


@pytest.mark.slow
def test_a_second_promotion_waits_and_then_names_the_lock(
    promoted: MlflowClient, trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrained(trained, weights_sha256="other")
    monkeypatch.setattr(promotion_lock, "LONGEST_DECISION", 0.1)
    with (
        FileLock(trained.parent / "mlruns/.promotion.lock"),
        pytest.raises(RegistryError, match=r"another promotion has held .*promotion\.lock"),
    ):
        promote.promote(params=small_params, root=trained)


@pytest.mark.slow
def test_who_was_promoted_meanwhile_by_another_machine_is_the_champion_to_beat(
    promoted: MlflowClient, trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    retrained(trained, weights_sha256="other")
    compared: list[str] = []

    def beats(_client: Any, current: Any, *_: Any, **__: Any) -> criteria.Criterion:
        compared.append(str(current.version))
        return criteria.Criterion("better?", str(current.version) == "1", f"against {current.version}")

    def slow(uri: str, *, genres: list[str]) -> criteria.Criterion:
        run = promoted.get_model_version("genre", "1").run_id
        other = mlflow.register_model(f"runs:/{run}/model", "genre")
        promoted.set_registered_model_alias("genre", "champion", other.version)
        return criteria.Criterion("loads?", True, "answered")

    monkeypatch.setattr(promote.criteria, "beats_champion", beats)
    monkeypatch.setattr(promote, "smoke_test", slow)
    decision = promote.promote(params=small_params, root=trained)
    assert not decision.promoted
    assert compared == ["1", "3"]
    assert serving(promoted) == "3"


@pytest.mark.slow
def test_one_run_registered_twice_at_the_same_moment_has_one_version(
    trained: Path, small_params: Params, passing_smoke_test: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    once = mlflow.register_model

    def twice(*given: Any, **options: Any) -> Any:
        once(*given, **options)
        return once(*given, **options)

    monkeypatch.setattr(mlflow, "register_model", twice)
    assert promote.promote(params=small_params, root=trained).version == "1"
    assert [str(one.version) for one in tracking.connect().search_model_versions("name = 'genre'")] == ["1"]


# --- the way back


def test_any_earlier_version_can_be_taken_again(
    client: MlflowClient, small_params: Params, passing_smoke_test: list[str]
) -> None:
    for version in ("2", "1", "3", "2"):
        assert promote.rollback(version, params=small_params).endswith(f"-> version {version}")
        assert serving(client) == version


def test_rolling_back_to_a_version_that_does_not_load_changes_nothing(
    client: MlflowClient, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        promote, "smoke_test", lambda *_, **__: criteria.Criterion("loads?", False, "it fell over")
    )
    with pytest.raises(RegistryError, match="it fell over; nothing was changed"):
        promote.rollback("1", params=small_params)
    assert serving(client) == "1"


# --- killed at every step


class Killed(BaseException):
    """Stands for a kill: nothing of this project catches it."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Counts calls of MLflow; dies after call number ``last``."""
    from mlflow import MlflowClient

    count = {"made": 0, "last": -1}

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            result = method(*given, **options)
            count["made"] += 1
            if count["made"] == count["last"]:
                raise Killed
            return result

        return call

    changing = ("create_", "log_", "set_", "update_", "delete_")
    for name in dir(MlflowClient):
        if name.startswith(changing):
            monkeypatch.setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
    yield count


@pytest.mark.slow
def test_killed_after_any_change_of_the_store_the_same_command_ends_as_if_undisturbed(
    trained: Path,
    small_params: Params,
    passing_smoke_test: list[str],
    calls: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for last in range(1, 1000):
        # A store of its own each time: MLflow keeps a database open under its address.
        folder = trained.parent / str(last)
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        calls |= {"made": 0, "last": last}
        try:
            promote.promote(params=small_params, root=trained)
        except Killed:
            killed = True
        else:
            killed = False
        calls["last"] = -1
        decision = promote.promote(params=small_params, root=trained)
        client = tracking.connect()
        assert decision.promoted or "already champion" in decision.reason, last
        (version,) = client.search_model_versions("name = 'genre'")
        assert serving(client) == str(version.version)
        assert version.tags["promotion"] == "passed", last
        for name, expected in (("genre", 1), ("genre-tuning", 7)):
            runs = client.search_runs([client.get_experiment_by_name(name).experiment_id])
            assert [run.info.status for run in runs] == ["FINISHED"] * expected, (last, name)
        if not killed:
            assert last > 40
            return
    pytest.fail("it never came to its end")


def test_a_smoke_test_does_not_outlive_its_parent(tmp_path: Path) -> None:
    import psutil

    code = (
        "import subprocess, sys, types\nfrom components.registry import criteria\n"
        "def run(command, **options):\n"
        "    code = 'from components.registry.smoke_test import end_with_parent; import time; '\n"
        "    code += 'end_with_parent(); print(1, flush=True); time.sleep(600)'\n"
        "    return subprocess.run([sys.executable, '-c', code], stdin=options['stdin'])\n"
        "criteria.subprocess = types.SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)\n"
        "criteria.smoke_test('models:/genre/1', genres=[])\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=PROJECT) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == b"1\n"
        below = psutil.Process(asker.pid).children(recursive=True)
        assert below
        asker.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(below, timeout=60)[1] == []
