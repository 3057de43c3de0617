"""The stage ``published@NAME``: published metadata taken over into ``data/corpus``.

DVC then sees a change in it as it sees one in the collection.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.core.atomic import replacing
from components.corpus import published_metadata


def run(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, str]:
    """Write ``ROOT/corpus/NAME.csv``, a row a track; the stage ``split`` matches them with those of the corpus.

    Parameters, returned value and errors are those of :func:`components.corpus.published_metadata.find`.
    """
    known = published_metadata.find(name, params=params, root=root)
    with replacing(Path(root) / "corpus" / f"{name}.csv") as path:
        pd.DataFrame(sorted(known.items()), columns=["track", name]).to_csv(path, index=False)
    return known
