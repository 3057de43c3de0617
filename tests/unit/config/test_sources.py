"""One source of the corpus: where its genres are, checked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.config.sources import SourceParams


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"labels": "manifest"}, "manifest is None"),
        ({"manifest": "m.csv"}, "labels is 'folders'"),
        ({"labels": "tags", "form": "pictures"}, "valid for pictures: folders, manifest"),
        ({"labels": "tags", "form": "table"}, "valid for a table: folders"),
        ({"subset": "small"}, "there is no manifest"),
        ({"labels": "manifest", "manifest": "m.csv", "subset": "tiny"}, "small"),
    ],
)
def test_what_does_not_fit_together_is_refused(values: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        SourceParams.model_validate({"path": "music", "form": "audio", **values})


def test_genres_are_in_folders_unless_they_are_elsewhere() -> None:
    assert SourceParams(path="music", form="audio").labels == "folders"
    assert SourceParams(path="music", form="audio", labels="tags").labels == "tags"
