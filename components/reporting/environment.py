"""The environment of the templates of all pages, cards and notes: filters, colours, and what is escaped."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import humanize
import jinja2

from components.core import formatting, palette
from components.evaluation import bootstrap, metrics
from components.splits import counts

TEMPLATES = Path(__file__).parent / "templates"


def environment(*folders: Path) -> jinja2.Environment:
    """Make the templates' environment: HTML escapes what is not markup, and an unknown name is an error.

    Parameters
    ----------
    *folders : Path
        Of templates, searched before the report's own.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
        autoescape=jinja2.select_autoescape(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("percent", "interval", "duration", "plural", "breakable"):
        made.filters[name] = getattr(formatting, name)
    made.filters |= {"metric": humanize.metric, "size": partial(humanize.naturalsize, binary=True)}
    made.filters["listed"] = humanize.natural_list
    made.globals |= {"css": palette.css, "replicates": bootstrap.REPLICATES}
    made.globals |= {"headline_key": metrics.headline_key, "genre_by_genre": metrics.genre_by_genre}
    made.globals["count_steps"] = counts.STEPS
    return made
