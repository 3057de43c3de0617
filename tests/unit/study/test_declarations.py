"""Declared experiments: checked whole, and every finding is served by one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.core.errors import ParamsError
from components.study import declarations


def test_every_finding_is_served_by_an_experiment() -> None:
    study = declarations.load()
    served = {number for one in study.experiments.values() for number in one.findings}
    assert served == study.findings.keys()


@pytest.mark.parametrize(
    ("kind", "key"), [("features", "source"), ("experiments", "feature"), ("experiments", "protocols")]
)
def test_a_block_that_names_nothing_is_refused_with_what_is_valid(
    tmp_path: Path, kind: str, key: str
) -> None:
    document = yaml.safe_load(declarations.FILE.read_text(encoding="utf-8"))
    name = next(iter(document[kind]))
    document[kind][name][key] = "nothing" if key != "protocols" else ["nothing"]
    (tmp_path / "experiments.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ParamsError, match=rf"(?s){kind}\.{name}.*{key}.*'nothing'"):
        declarations.load(tmp_path / "experiments.yaml")
    declarations.load.cache_clear()
