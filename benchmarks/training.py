"""What a fit costs beside Keras' own: an execution of a search beside its steps, and an epoch of an LSTM.

``python -m benchmarks.training``; ``--executions 5`` and ``--repeats 3`` are how often. Rows are random numbers: the
figures are of time alone. Each line is the processor's time, and how many times as much Keras' own fit takes, measured
next to it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pandas as pd

from benchmarks.side_by_side import in_turn, times_as_much
from components.config import presets
from components.config.params import SelectedModel, parse
from components.training import fit
from components.training.dataset import Part
from components.training.traced import Traced

#: The synthetic corpus: train rows, validation rows, genres.
ROWS, VALIDATION_ROWS, CLASSES = 304, 80, 10
#: A row's shape in the demo.
SHAPES = {"mlp": (57,), "yamnet": (6, 1024), "lstm": (65, 13), "yamnet_lstm": (6, 1024), "musicnn": (1003,)}


def part(shape: tuple[int, ...], rows: int) -> Part:
    x = np.random.default_rng(0).normal(size=(rows, *shape)).astype(np.float32)
    tracks = pd.DataFrame({"track": [str(row) for row in range(rows)]})
    return Part(x=x, y=np.arange(rows) % CLASSES, rows=tracks)


def fresh(model: SelectedModel, train: Part, *, epochs: int) -> tuple[dict[str, Any], keras.Model]:
    """Begin as an execution of a search does; return the set and its network."""
    hp = {**model.first_set, "schedule": "constant"}
    keras.backend.clear_session()
    fit.seed_everything(0)
    return hp, fit.build(model, hp=hp, train=train, classes=CLASSES, epochs=epochs)


def execute(
    model: SelectedModel, train: Part, validation: Part, *, epochs: int, traced: Traced | None
) -> tuple[float, float]:
    """Build and fit as a search does; return the processor's seconds of all, and of the last epochs."""
    ends: list[float] = []
    began = time.process_time()
    hp, network = fresh(model, train, epochs=epochs)
    budget: dict[str, Any] = {"epochs": epochs, "patience": epochs, "monitor": "val_loss", "traced": traced}
    fit.fit(
        network,
        train=train,
        validation=validation,
        hp=hp,
        report=lambda *_: ends.append(time.process_time()),
        **budget,
    )
    taken = time.process_time() - began
    return taken, statistics.median(np.diff(ends))


def execute_plainly(
    model: SelectedModel, train: Part, validation: Part, *, epochs: int
) -> tuple[float, float]:
    """Do the same with nothing but ``build``, Keras' ``fit`` on arrays and its own layers."""
    ends: list[float] = []
    began = time.process_time()
    hp, network = fresh(model, train, epochs=epochs)
    labels = [keras.utils.to_categorical(rows.y, CLASSES) for rows in (train, validation)]
    network.fit(
        train.x,
        labels[0],
        validation_data=(validation.x, labels[1]),
        batch_size=hp["batch_size"],
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.process_time()))],
    )
    taken = time.process_time() - began
    return taken, statistics.median(np.diff(ends))


def fixed(measure: Callable[..., tuple[float, float]], *, epochs: int, **options: Any) -> float:
    """Return what an execution costs beside its epochs."""
    taken, epoch = measure(epochs=epochs, **options)
    return taken - epochs * epoch


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join(SHAPES), help="comma-separated")
    parser.add_argument("--executions", type=int, default=2, help="executions a trial: 2 in the presets")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    fit.run_on_one_thread()
    # As in the process that stages are forked from: what was imported is not looked through for garbage.
    gc.collect()
    gc.freeze()
    params = parse(presets.compose("demo"))
    print(f"{'CPU s':44}{'here':>8}{'Keras':>8}{'x':>6}")
    for name in given.models.split(","):
        model = params.model(name)
        rows = {"train": part(SHAPES[name], ROWS), "validation": part(SHAPES[name], VALIDATION_ROWS)}

        def trial(measure: Callable[..., tuple[float, float]]) -> float:
            """Mean fixed cost of a trial's executions."""
            shared: dict[str, Any] = {"traced": Traced()} if measure is execute else {}
            return statistics.fmean(
                fixed(partial(measure, model, **rows), epochs=4, **shared)  # noqa: B023
                for _ in range(given.executions)
            )

        execute(model, **rows, epochs=2, traced=None)
        ways: dict[str, Callable[[], float]] = {
            "here": partial(trial, execute),
            "Keras": partial(trial, execute_plainly),
        }
        show(f"{name}: fixed cost of an execution", in_turn(ways, repeats=given.repeats))
        epoch = {
            "here": lambda: execute(model, **rows, epochs=4, traced=None)[1],  # noqa: B023
            "Keras": lambda: execute_plainly(model, **rows, epochs=4)[1],  # noqa: B023
        }
        show(f"{name}: an epoch", in_turn(epoch, repeats=given.repeats))


def show(what: str, taken: dict[str, list[float]]) -> None:
    here, other = (statistics.median(taken[name]) for name in ("here", "Keras"))
    ratio = times_as_much(taken["Keras"], taken["here"])
    print(f"{what:44}{here:8.2f}{other:8.2f}{ratio:6.1f}", flush=True)


if __name__ == "__main__":
    main()
