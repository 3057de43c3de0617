"""What others have published about a collection, split lists and artist tables: the stage ``published@NAME``.

They are taken over into ``data/corpus``, so that DVC sees a change in them as it sees one in the collection.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.core.atomic import replacing
from components.core.errors import ParamsError
from components.corpus.published_metadata import _READ


def find(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, str]:
    """Read what ``corpus.published`` names.

    Parameters
    ----------
    name : str
        ``artists`` or ``lists``; a key of ``corpus.published``.
    params : Params
        For ``corpus.published``.
    root : Path
        The data folder; relative paths start from the folder that holds it.

    Returns
    -------
    dict of str to str
        Artist or part of each track, by track id.

    Raises
    ------
    ParamsError
        If ``corpus.published`` does not name it, or what it names is missing.
    LeakError
        As :func:`read_lists`.
    """
    paths = {str(key): path for key, path in params.corpus.published.items()}
    if name not in paths:
        raise ParamsError(f"corpus.published has no {name!r}; valid: {', '.join(paths) or 'none'}")
    return _READ[name](Path(root).parent / paths[name])


def run(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, str]:
    """Take one over: ``ROOT/corpus/NAME.csv``, a row a track.

    Parameters, returned value and errors are those of :func:`find`.
    """
    known = find(name, params=params, root=root)
    with replacing(Path(root) / "corpus" / f"{name}.csv") as path:
        pd.DataFrame(sorted(known.items()), columns=["track", name]).to_csv(path, index=False)
    return known
