"""Settings of a machine come from GENRE_* variables and are checked."""

import pytest

from components.core.errors import ParamsError
from flows import settings


def test_defaults_fit_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONCURRENCY", "RETRIES", "RETRY_DELAY", "WAIT", "CLUSTER", "FIRST"):
        monkeypatch.delenv(f"GENRE_{name}", raising=False)
    found = settings.load()
    assert 1 <= found.concurrency <= settings.MOST_STAGES
    assert found.retries >= 1
    assert found.first == settings.LONGEST


def test_a_variable_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRE_CONCURRENCY", "5")
    monkeypatch.setenv("GENRE_RETRY_DELAY", "0.5")
    assert (settings.load().concurrency, settings.load().retry_delay) == (5, 0.5)


@pytest.mark.parametrize(("value", "first"), [("vgg16, mlp", ("vgg16", "mlp")), ("", ())])
def test_models_that_come_first_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, value: str, first: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GENRE_FIRST", value)
    assert settings.load().first == first


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENCY", "0"),
        ("CONCURRENCY", "many"),
        ("RETRIES", "-1"),
        ("RETRY_DELAY", "nan"),
        ("WAIT", "-3"),
        ("CLUSTER", "localhost:8786"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GENRE_{name}", value)
    with pytest.raises(ParamsError, match=rf"GENRE_{name} is '{value}'.*; valid: "):
        settings.load()


def test_variables_of_others_with_the_same_beginning_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRE_TEST_DATA", "/somewhere")
    settings.load()
    assert settings.misspelt() == []


def test_a_setting_that_is_misspelt_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRE_CONCURENCY", "2")
    monkeypatch.setenv("GENRE_VERBOSE", "1")
    (line,) = settings.misspelt()
    assert line.startswith("GENRE_CONCURENCY is no setting")
    assert line.endswith("valid: GENRE_CONCURRENCY")


def test_a_model_s_search_and_fit_run_where_it_says_and_a_stage_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENRE_DEPLOYMENTS", '{"vgg16": "stage/gpu", "features@yamnet": "stage/big"}')
    found = settings.load()
    assert found.deployment("tune@vgg16") == found.deployment("train@vgg16") == "stage/gpu"
    assert found.deployment("features@yamnet") == "stage/big"
    assert (
        found.deployment("features@vgg16")
        is found.deployment("train@yamnet")
        is found.deployment("split")
        is None
    )


@pytest.mark.parametrize("value", ["{", "gpu", '{"vgg16": "gpu"}'])
def test_a_mapping_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GENRE_DEPLOYMENTS", value)
    with pytest.raises(ParamsError, match="GENRE_DEPLOYMENTS is"):
        settings.load()


def test_a_deployment_for_what_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = ["split", "features@yamnet", "tune@vgg16", "train@vgg16"]
    monkeypatch.setenv("GENRE_DEPLOYMENTS", '{"vgg16": "stage/gpu", "features@yamnet": "stage/gpu"}')
    settings.load().check_deployments(stages)
    monkeypatch.setenv("GENRE_DEPLOYMENTS", '{"vgg": "stage/gpu"}')
    with pytest.raises(ParamsError, match=r"GENRE_DEPLOYMENTS names 'vgg'.*valid: vgg16"):
        settings.load().check_deployments(stages)


def test_a_model_that_begins_first_and_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = ["split", "tune@mine", "train@mine"]
    settings.load().check_first(stages)
    # A variable of the machine may name models that this workspace has not.
    monkeypatch.setenv("GENRE_FIRST", "mine, lstm")
    settings.load().check_first(stages)
    monkeypatch.setenv("GENRE_FIRST", "mpl")
    with pytest.raises(ParamsError, match=r"GENRE_FIRST names 'mpl'.*valid: mine"):
        settings.load().check_first(stages)
