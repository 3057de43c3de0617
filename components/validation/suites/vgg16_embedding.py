"""Suite of ``vgg16_embedding``: rectified activations of VGG16's blocks, pooled over a spectrogram's picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from components.validation.base import between, equal, ordered
from components.validation.contract import Suite, Tables
from components.validation.encoder import claim, claimed
from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.scan import Scan

#: Channels of each block's output.
CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
#: Mean activation of each block's pooled output behind trained weights, measured on 50 public pictures, where
#: pixels are 0..255 (raw, or less ImageNet's means); and where they are 0..1.
LEVELS = {3: 328.0, 4: 30.0, 5: 1.25}
SCALED_LEVELS = {3: 4.2, 4: 0.43, 5: 0.1}
#: How many times more or less a collection's level may be.
FACTOR = 5.0

#: A few units of the last block answer to nothing that a spectrogram holds.
LIMITS = Limits(constant_columns=0.3, constant_elements=0.3, piled_columns=0.1, zeros=1.0)


def layout(inputs: Inputs) -> list[tuple[int, str, int]]:
    """Return block, statistic and number of each group of columns, in order; empty where it is not pooled.

    Parameters
    ----------
    inputs : Inputs
        The feature.

    Returns
    -------
    list of tuple of int, str and int
        As ``(3, "mean", 256)``.
    """
    options = inputs.meta.get("options") or {}
    groups = []
    for pooling in (options, *options.get("also", ())):
        statistics = pooling.get("statistics", ("mean", "std"))
        if statistics == "flatten":
            return []
        for block in map(int, pooling.get("blocks", (3, 4, 5))):
            channels = CHANNELS[block]
            if statistics == "gram":
                groups.append((block, "gram", channels * (channels + 1) // 2))
            else:
                width = channels * int(pooling.get("bands", 1))
                groups += [(block, str(name), width) for name in statistics]
    return groups


def tables(inputs: Inputs, found: Scan, built: Tables) -> Tables:
    """Add facts over all values to ``summary``, and ``blocks``, one row a block.

    Returns
    -------
    dict of str to DataFrame
        The two tables; ``blocks`` only where the columns are pooled statistics of known channels.
    """
    columns = found.columns
    groups = layout(inputs)
    due = sum(width for *_, width in groups) if groups else len(columns)
    facts = {
        **claim(inputs),
        "width_differs": abs(due - len(columns)),
        "minimum": columns["minimum"].min(),
        "similarity": found.similarity,
        "spread": found.spread,
    }
    levels = found.rows["mean"] / max(float(found.rows["mean"].median()), 1e-12)
    added = {"summary": built["summary"].assign(**facts), "rows": built["rows"].assign(level=levels)}
    if {name for _, name, _ in groups} - {"gram"} and due == len(columns):
        added["blocks"] = _blocks(inputs, columns, groups)
    return added


def _blocks(inputs: Inputs, columns: pd.DataFrame, groups: list[tuple[int, str, int]]) -> pd.DataFrame:
    scaled = (inputs.meta.get("options") or {}).get("preparation") == "scaled"
    levels = SCALED_LEVELS if scaled else LEVELS
    rows: dict[int, dict[str, float]] = {}
    start = 0
    for block, name, width in groups:
        # Products of channels have no level of their own to compare.
        if name != "gram":
            mean = float(columns["mean"].iloc[start : start + width].mean())
            rows.setdefault(block, {"block": block})[name] = mean
        start += width
    table = pd.DataFrame(list(rows.values()))
    table["least"] = [levels.get(block, 0.0) / FACTOR for block in table["block"]]
    table["most"] = [levels.get(block, np.inf) * FACTOR for block in table["block"]]
    table["most"] = table["most"].clip(upper=1e9)
    return table


def expectations(inputs: Inputs) -> Suite:
    """Say what pooled activations must hold."""
    embedding = [
        equal(
            "width_differs", 0, "as many columns as the blocks have channels, times the statistics and bands"
        ),
        between("minimum", 0.0, None, "rectified activations and their deviations are not negative"),
        equal("claim_refused", 0, "untrained weights only where allow_untrained_encoders says so"),
    ]
    groups = layout(inputs)
    if claimed(inputs) and groups:
        embedding += [
            between("spread", 0.15, None, "a trained encoder tells pictures apart"),
            between("similarity", None, 0.995, "a trained encoder tells pictures apart"),
        ]
    same = between(
        "level", 1 / FACTOR, FACTOR, "all pictures were prepared alike: none is far from the median"
    )
    suite = {"summary": embedding, "rows": [same]}
    names = {name for _, name, _ in groups}
    if names - {"gram"} and sum(width for *_, width in groups) == inputs.values.shape[-1]:
        blocks = []
        if claimed(inputs) and "mean" in names:
            reason = "activations of trained weights on pixels prepared as meta.json says"
            blocks = [ordered("mean", "least", reason), ordered("most", "mean", reason)]
        for larger, smaller in (("max", "mean"), ("mean", "min"), ("max", "std")):
            if {larger, smaller} <= names:
                blocks.append(ordered(larger, smaller, f"a {larger} is not below the {smaller}"))
        if blocks:
            suite["blocks"] = blocks
    return suite
