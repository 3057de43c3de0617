"""Suite of ``vgg16_embedding``: rectified activations of VGG16's blocks, pooled over a spectrogram's picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from components.validation import suites
from components.validation.checkpoint import Checked, Checks, between, equal, ordered
from components.validation.limits import Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

#: Channels of each block's output.
CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
#: Mean activation of each block's pooled output behind trained weights, measured on 50 public pictures, where
#: pixels are 0..255 (raw, or less ImageNet's means); and where they are 0..1.
LEVELS = {3: 328.0, 4: 30.0, 5: 1.25}
SCALED_LEVELS = {3: 4.2, 4: 0.43, 5: 0.1}
#: How many times more or less a collection's level may be.
FACTOR = 5.0

#: A few units of the last block respond to nothing that a spectrogram holds.
LIMITS = Limits(constant_columns=0.3, constant_elements=0.3, piled_columns=0.1, zeros=1.0)


def layout(inputs: Inputs) -> list[tuple[int, str, int]]:
    """Return block, statistic and number of each group of columns, in order: as ``(3, "mean", 256)``.

    Empty where the values are not pooled.
    """
    groups = []
    for pooling in (inputs.options, *inputs.options.get("also", ())):
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


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what pooled activations must hold; ``blocks``, one row a block, where columns are pooled statistics."""
    columns, groups = found.columns, layout(inputs)
    due = sum(width for *_, width in groups) if groups else len(columns)
    wide = "as many columns as the blocks have channels, times the statistics and bands"
    embedding = [equal("width_differs", 0, wide)]
    if inputs.trained and groups:
        apart = "a trained encoder distinguishes pictures"
        embedding += [between("spread", 0.15, None, apart), between("similarity", None, 0.995, apart)]
    suites.add_embedding(inputs, found, checks["summary"])
    checks["summary"].add(embedding, width_differs=abs(due - len(columns)))
    alike = "all pictures were prepared alike: none is far from the median"
    level = found.rows["mean"] / max(float(found.rows["mean"].median()), 1e-12)
    checks["rows"].add([between("level", 1 / FACTOR, FACTOR, alike)], level=level)
    pooled = {name for _, name, _ in groups} - {"gram"}
    if pooled and due == len(columns) and (blocks := _blocks(inputs, columns, groups)):
        checks["blocks"] = blocks


def _blocks(inputs: Inputs, columns: pd.DataFrame, groups: list[tuple[int, str, int]]) -> Checked | None:
    levels = SCALED_LEVELS if inputs.options.get("preparation") == "scaled" else LEVELS
    group = [(block, name) for block, name, width in groups for _ in range(width)]
    names = pd.MultiIndex.from_tuples(group, names=["block", "statistic"])
    means = pd.Series(columns["mean"].to_numpy(), names)
    # Products of channels have no level of their own to compare.
    pooled = means[means.index.get_level_values("statistic") != "gram"]
    table = pooled.groupby(level=[0, 1]).mean().unstack().reset_index()
    expectations = []
    if inputs.trained and "mean" in table:
        table["least"] = [levels.get(block, 0.0) / FACTOR for block in table["block"]]
        table["most"] = [min(levels.get(block, np.inf) * FACTOR, 1e9) for block in table["block"]]
        reason = "activations of trained weights on pixels prepared as meta.json states"
        expectations = [ordered("mean", "least", reason), ordered("most", "mean", reason)]
    for larger, smaller in (("max", "mean"), ("mean", "min"), ("max", "std")):
        if {larger, smaller} <= set(table):
            expectations.append(ordered(larger, smaller, f"a {larger} is not below the {smaller}"))
    return Checked(table, expectations) if expectations else None
