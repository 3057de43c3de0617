"""What passed validation, what failed and why: a page of all features, and a page of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from components.core import atomic
from components.validation.result import Outcome, ValidationResult

#: Facts of a feature's summary that the page of all features shows, where there are.
FACTS = ("tracks", "genres", "rows")
#: Failures of a feature that the page of all features shows: with all of them, it is no overview.
SHOWN = 6


def feature_page(result: ValidationResult, *, outcomes: Sequence[Outcome], links: Mapping[str, str]) -> str:
    """Render the page of one feature: what failed first, then each table with all that is expected of it.

    Parameters
    ----------
    result : ValidationResult
        What its failures are taken from, and how many rows each table has.
    outcomes : sequence of Outcome
        All expectations, see :func:`components.validation.checkpoint.outcomes`.
    links : mapping of str to str
        By table, the address of Great Expectations' page of it.
    """
    from components.reporting.environment import environment

    by_table = {name: [one for one in outcomes if one.table == name] for name in result.tables}
    return (
        environment()
        .get_template("validated_feature.html")
        .render(result=result, outcomes=by_table, links=links)
    )


def refresh_index(features: Iterable[str], *, root: Path) -> Path:
    """Write ``ROOT/docs/index.html``, the page of all features, where it is not that of the results that are there.

    A feature's own pages are linked where they are of its result: DVC keeps results, and not the pages.

    Parameters
    ----------
    features : iterable of str
        Those of ``params.yaml``, in its order.
    root : Path
        The data folder.

    Returns
    -------
    Path
        The page.
    """
    page = root / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    # Features are validated side by side: whoever writes last must have seen the results of all.
    with FileLock(page.with_name(".index.lock")):
        found = {
            feature: ValidationResult.read(feature, root=root)
            if ValidationResult.path(feature, root=root).is_file()
            else None
            for feature in features
        }
        drawn = [feature for feature in found if _is_drawn(feature, root=root)]
        kept = {feature: result and result.model_dump(mode="json") for feature, result in found.items()}
        state = json.dumps([kept, drawn], sort_keys=True).encode()
        mark = f"<!-- {hashlib.sha256(state).hexdigest()} -->"
        if not (page.is_file() and page.read_text(encoding="utf-8").startswith(mark)):
            with atomic.replacing(page) as path:
                path.write_text(f"{mark}\n{_index(found, drawn=drawn)}", encoding="utf-8")
    return page


def _index(found: Mapping[str, ValidationResult | None], *, drawn: Sequence[str]) -> str:
    from components.reporting.environment import environment

    return (
        environment()
        .get_template("validated.html")
        .render(found=found, drawn=drawn, facts=FACTS, shown=SHOWN)
    )


def _is_drawn(feature: str, *, root: Path) -> bool:
    pages, kept = root / "docs" / feature, ValidationResult.path(feature, root=root)
    drawn_from = pages / ValidationResult.FILE
    return (
        (pages / "index.html").is_file()
        and kept.is_file()
        and drawn_from.is_file()
        and drawn_from.read_bytes() == kept.read_bytes()
    )
