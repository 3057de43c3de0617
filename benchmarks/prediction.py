"""How long a prediction takes, warm: one song, a hundred one by one, and a hundred as a folder.

``python -m benchmarks.prediction`` in a workspace where `genre run` has finished; ``--songs FOLDER`` takes real songs
instead of composed ones, ``--models mlp,yamnet`` only these.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from components.config import params
from components.corpus import audio
from components.serving import load, predict
from components.serving.load import LoadedModel

#: Composed songs: so many, and as many seconds each; ten different ones, under ten names each.
SONGS, SECONDS = 100, 30.0
#: Milliseconds that a prediction of 30 s may take, by feature (two processors, nothing beside).
LIMITS = {"mfcc_summary": 150, "mfcc_sequence": 150, "yamnet_embedding": 600}


def compose(folder: Path) -> list[Path]:
    """Write a hundred songs."""
    import numpy as np
    import soundfile

    from components.corpus.synthetic import composition
    from components.corpus.synthetic.instruments import SAMPLE_RATE
    from components.corpus.synthetic.styles import STYLES

    for genre in STYLES:
        wave = composition.compose(genre, seconds=SECONDS, rng=np.random.default_rng(0))
        for number in range(SONGS // len(STYLES)):
            soundfile.write(folder / f"{genre}.{number}.wav", wave, SAMPLE_RATE, subtype="PCM_16")
    return predict.below(folder)


def seconds(what: Callable[[], object]) -> float:
    before = time.perf_counter()
    what()
    return time.perf_counter() - before


def parts(loaded: LoadedModel, files: list[Path]) -> tuple[float, float]:
    """Milliseconds of a song's features, and of the network's prediction; medians."""
    features, network = [], []
    for file in files:
        before = time.perf_counter()
        extracted = loaded.model.features_of(*audio.decode(file))
        features.append(time.perf_counter() - before)
        network.append(seconds(lambda extracted=extracted: loaded.model.predict_extracted([extracted])))  # type: ignore[misc]
    return 1e3 * statistics.median(features), 1e3 * statistics.median(network)


def measure(loaded: LoadedModel, files: list[Path]) -> None:
    """Print one model's row; the first predictions, which compile, are left out."""

    def timed(some: list[Path]) -> float:
        return seconds(lambda: list(predict.predict(some, model=loaded)))

    timed(files[: predict.BATCH])
    timed(files[:1])
    alone = [timed([file]) for file in files]
    folder = timed(files)
    features, network = parts(loaded, files[:9])
    one = 1e3 * statistics.median(alone)
    limit = LIMITS.get(loaded.model.record.feature_names)
    kept = "" if limit is None else f"{'within' if one <= limit else 'ABOVE'} {limit}"
    figures = (one, features, network, sum(alone), folder, sum(alone) / folder)
    places = (0, 0, 0, 1, 1, 2)
    print(
        f"{loaded.name:14}"
        + "".join(f"{value:>13.{digits}f}" for value, digits in zip(figures, places, strict=True))
        + f"   {kept}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--songs", type=Path, help="a folder of songs of about 30 s; composed ones by default"
    )
    parser.add_argument("--models", help="by comma; all that were trained here by default")
    chosen = parser.parse_args()
    client, checked = load.store(), params.load()
    names = chosen.models.split(",") if chosen.models else list(load.latest_runs(client))
    with tempfile.TemporaryDirectory() as temporary:
        files = predict.audio_files([chosen.songs])[:SONGS] if chosen.songs else compose(Path(temporary))
        heads = ("one, ms", "features, ms", "network, ms", f"{len(files)} alone, s", "folder, s", "times")
        print(f"{'model':14}" + "".join(f"{head:>13}" for head in heads) + "   limit, ms")
        for name in names:
            measure(load.load(client, load.address(client, name, params=checked)), files)


if __name__ == "__main__":
    main()
