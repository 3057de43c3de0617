"""Encoders by name, and what happens where their weights cannot be had."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from components.core import devices
from components.core.errors import MissingWeightsError, ParamsError, PretrainedError
from components.features.encoders import base
from components.features.encoders.base import Encoder


def test_the_encoders_are_the_files_of_the_folder() -> None:
    assert base.names() == ["musicnn", "vgg16", "vggish", "yamnet"]


@pytest.mark.parametrize("name", base.names())
def test_a_file_holds_all_that_others_need(name: str) -> None:
    module = base.find(name)
    assert module.LICENCE
    assert module.PARAMETERS > 1e6
    assert isinstance(module.REQUIREMENTS, tuple)
    assert isinstance(module.locate("somewhere"), Path)


def test_an_unknown_name_is_refused_with_the_valid_ones() -> None:
    for refused in (
        lambda: base.find("base"),
        lambda: base.check({"vgg16": "imagenet", "openl3": "music"}),
        lambda: base.load("clap", pretrained={"clap": ""}, allow_untrained=True),
    ):
        with pytest.raises(ParamsError, match=r"(base|openl3|clap).*valid: musicnn, vgg16, vggish, yamnet"):
            refused()


def test_an_encoder_that_pretrained_does_not_name_is_refused() -> None:
    with pytest.raises(ParamsError, match="'yamnet'"):
        base.load("yamnet", pretrained={"vgg16": "imagenet"}, allow_untrained=True)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An encoder with weights in ``here`` alone; the values that were loaded, in order."""
    loaded: list[str] = []

    def made(value: str, *, trained: bool) -> Encoder:
        loaded.append(value)
        return Encoder("toy", lambda x: [np.asarray(x)], origin=value, trained=trained, sha256="")

    def load(value: str) -> Encoder:
        if value == "other":
            raise PretrainedError("not a toy")
        if value != "here":
            raise MissingWeightsError("no such file")
        return made(value, trained=True)

    module = SimpleNamespace(load=load, untrained=lambda: made("seed", trained=False), locate=Path)
    monkeypatch.setattr(base, "find", lambda _: module)
    base._load.cache_clear()
    return loaded


def test_weights_are_loaded_once(toy: list[str]) -> None:
    first = base.load("toy", pretrained={"toy": "here"}, allow_untrained=False)
    assert base.load("toy", pretrained={"toy": "here"}, allow_untrained=False) is first
    assert first.trained
    assert toy == ["here"]


def test_missing_weights_are_replaced_only_where_that_is_allowed(
    toy: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError, match=r"pretrained\.toy is 'gone': no such file"):
        base.load("toy", pretrained={"toy": "gone"}, allow_untrained=False)
    assert not base.load("toy", pretrained={"toy": "gone"}, allow_untrained=True).record.trained
    assert "toy: UNTRAINED" in capsys.readouterr().err


def test_weights_of_another_network_are_never_replaced(toy: list[str]) -> None:
    with pytest.raises(PretrainedError, match=r"pretrained\.toy is 'other': not a toy"):
        base.load("toy", pretrained={"toy": "other"}, allow_untrained=True)


def test_untrained_weights_can_be_selected(toy: list[str]) -> None:
    assert not base.load("toy", pretrained={"toy": base.UNTRAINED}, allow_untrained=False).trained


@pytest.mark.parametrize(("gpus", "items"), [([], 10), (["NVIDIA H100"], 256)])
def test_a_gpu_takes_more_in_one_call(gpus: list[str], items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "seen", lambda: gpus)
    assert base.batch(cpu=10, gpu=256) == items
