"""YAML as libyaml reads it: ten times as fast as Python does, with the same values."""

from __future__ import annotations

from typing import Any

import yaml

#: A wheel of PyYAML for another machine may lack libyaml.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(text: str | bytes) -> Any:
    """Return what a document holds.

    Raises
    ------
    yaml.YAMLError
        If it is not YAML.

    Examples
    --------
    >>> load_yaml("folds: 5")
    {'folds': 5}
    """
    return yaml.load(text, Loader=LOADER)
