"""Good features to plant faults in: composed music by default, real music where it is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from components import features
from components.config import presets
from components.config.params import Params, parse
from components.corpus import store as corpus_store
from components.features.encoders import base as encoders
from components.features.pipeline import store as feature_store
from components.splits import folds
from components.stages import corpus, split, synthesise
from components.stages import features as extraction
from components.validation import tables
from components.validation.scan import profile
from components.validation.tables import Inputs

FEATURES = (
    *("mfcc_summary", "mfcc_sequence", "mel_sequence", "mel_image", "yamnet_embedding"),
    *("musicnn_embedding", "encoders_embedding", "vggish_embedding", "vgg16_embedding"),
)
#: Trained weights of VGGish are on no machine that these tests run on.
REAL = tuple(name for name in FEATURES if name != "vggish_embedding")
#: Of the synthetic corpus, so few that five features take seconds.
GENRES = ("classical", "disco", "jazz", "metal")


def document(**changes: Any) -> dict[str, Any]:
    """The demo's params with untrained encoders; blocks named in ``changes`` are updated."""
    made = yaml.safe_load(presets.compose("demo"))
    made["pretrained"] = dict.fromkeys(encoders.names(), encoders.UNTRAINED)
    for name in ("mel_sequence", "encoders_embedding", "vggish_embedding"):
        made["features"][name] = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    # All blocks of the encoder, as with real music.
    made["features"]["vgg16_embedding"]["options"] = {}
    for block, values in changes.items():
        made[block] = made[block] | values if isinstance(values, Mapping) else values
    return made


def extract(params: Params, *, root: Path, source: str, names: tuple[str, ...]) -> dict[str, Inputs]:
    """Run the stages up to validation and read what they wrote."""
    corpus.run(source, params=params, root=root)
    split.run(params=params, root=root)
    for feature in names:
        extraction.run(feature, params=params, root=root, processes=1)
    return {feature: tables.read(feature, params=params, root=root) for feature in names}


def composed(folder: Path) -> dict[str, Inputs]:
    """Four genres of ten composed tracks, two segments each."""
    params = parse(
        yaml.safe_dump(
            document(
                synthetic={"synthetic": {"tracks_per_genre": 10, "seconds": 7.0}},
                corpus={"minimum_tracks": 3},
                segments={"per_track": 2},
            )
        )
    )
    root = folder / "data"
    synthesise.run("synthetic", params=params, root=root)
    for place in (root / "raw" / "synthetic").iterdir():
        if place.is_dir() and place.name not in GENRES:
            shutil.rmtree(place)
    made = extract(params, root=root, source="audio", names=FEATURES[:-1])
    return made | {"vgg16_embedding": rectified(made["mel_image"])}


def rectified(pictures: Inputs) -> Inputs:
    """Pictures through a random rectified layer in VGG16's layout: the encoder itself takes too long here."""
    rng = np.random.default_rng(0)
    x = profile(np.asarray(pictures.values)) / 255.0
    width = 2 * (256 + 512 + 512)
    weights = rng.normal(0, 4 * x.shape[1] ** -0.5, (x.shape[1], width))
    values = np.maximum((x - x.mean(axis=0)) @ weights + rng.uniform(0, 1, width), 0)
    options = features.options("vgg16_embedding", params=pictures.params).model_dump(mode="json")
    claim = {"encoder": "vgg16", "origin": "seed 0", "trained": False, "sha256": "0" * 64}
    meta = {"feature": "vgg16_embedding", "sample_rate": None, "options": options, "pretrained": [claim]}
    return with_values(replace(pictures, meta=pictures.meta | meta, feature="vgg16_embedding"), values)


def recorded(folder: Path, *, data: Path, names: tuple[str, ...] = REAL) -> dict[str, Inputs]:
    """Ten genres of eight real tracks, through real encoders; the public table stands in for ``mfcc_summary``."""
    os.environ["TFHUB_CACHE_DIR"] = str(data / "weights" / "tfhub")
    for place in sorted((data / "gtzan-mini" / "genres_original").iterdir()):
        (folder / "audio" / place.name).mkdir(parents=True)
        for file in sorted(place.iterdir())[:8]:
            shutil.copy(file, folder / "audio" / place.name)
    weights = {
        "vgg16": str(data / "weights" / "vgg16" / "vgg16_notop.weights.h5"),
        "yamnet": "https://tfhub.dev/google/yamnet/1",
        "musicnn": "package",
    }
    sources = {"audio": {"path": str(folder / "audio")}}
    common: dict[str, Any] = {
        "pretrained": weights,
        "allow_untrained_encoders": False,
        "segments": {"per_track": 5},
    }
    params = parse(yaml.safe_dump(document(corpus={"sources": sources, "minimum_tracks": 4}, **common)))
    made = extract(
        params,
        root=folder / "audio_features" / "data",
        source="audio",
        names=tuple(name for name in names if name != "mfcc_summary"),
    )
    if "mfcc_summary" in names:
        made["mfcc_summary"] = tabled(folder, data=data, name="features_3_sec.classical_jazz_rock.csv")
    return made


def tabled(folder: Path, *, data: Path, name: str) -> Inputs:
    """A public table as ``mfcc_summary``."""
    unit = "track" if "30_sec" in name else "segment"
    block = {"reads": "data/corpus/table.parquet", "unit": unit}
    made = document(
        corpus={"sources": {"table": {"path": str(data / "gtzan" / name)}}, "minimum_tracks": 50},
        segments={"per_track": 10},
        validation={"max_conflicting_tracks": 1 if unit == "track" else 0},
    )
    made["features"] = {"mfcc_summary": block}
    made["models"] = {"mlp": made["models"]["mlp"]}
    root = folder / name / "data"
    return extract(parse(yaml.safe_dump(made)), root=root, source="table", names=("mfcc_summary",))[
        "mfcc_summary"
    ]


def resampled(good: Inputs, *, seed: int, share: float = 0.8) -> Inputs:
    """The same collection with a random part of each genre's tracks left away everywhere, and split anew."""
    rng = np.random.default_rng(seed)
    kept: set[str] = set()
    for _, tracks in good.usable.groupby("genre")["track"]:
        names = tracks.to_numpy(dtype=object)
        kept |= set(rng.choice(names, size=int(np.ceil(share * len(names))), replace=False))
    rows = good.index["track"].isin(kept).to_numpy()
    listing = good.listing[good.listing["track"].isin(kept)].reset_index(drop=True)
    table = folds.make(corpus_store.usable(listing).assign(artist="", recording=""), params=good.params)
    return replace(
        good,
        index=good.index[rows].reset_index(drop=True),
        values=np.asarray(good.values)[rows],
        listing=listing,
        split=table[table["unit"] == good.unit].reset_index(drop=True),
    )


def with_values(good: Inputs, values: np.ndarray, **changes: Any) -> Inputs:
    """The same rows with other values, summed up in the index as an extraction would."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        summary = pd.DataFrame(feature_store.summary(values), index=good.index.index)
    meta = good.meta | {"shape": list(values.shape[1:])}
    made = replace(good, index=good.index.assign(**summary), values=values, meta=meta)
    return replace(made, **changes)
