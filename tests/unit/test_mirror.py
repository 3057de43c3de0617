"""``tests/unit`` mirrors the source: ``components/splits/folds.py`` and ``tests/unit/splits/test_folds.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import PROJECT

UNIT = Path(__file__).parent
#: What stands beside no one file, and what it covers.
ACROSS = {
    "models/test_contract.py": "every file of components/models",
    "stages/test_refit.py": "the second fit of components/stages/train.py",
    "test_docs.py": "README.md and docs/",
    "test_error_contract.py": "every error of the command line",
    "test_mirror.py": "tests/unit",
    "test_pipeline.py": "dvc.yaml",
    "test_remedies.py": "every command that a message names",
}


def source(test: Path) -> list[Path]:
    """Return where the source of a test may lie: a file, or a package's own file, by the name of the package."""
    folder, stem = test.relative_to(UNIT).parent, test.stem.removeprefix("test_")
    room = PROJECT / folder if folder.parts[:1] == ("flows",) else PROJECT / "components" / folder
    return [room / f"{stem}.py", (room if room.name == stem else room / stem) / "__init__.py"]


@pytest.mark.parametrize(
    "test", sorted(UNIT.rglob("test_*.py")), ids=lambda path: str(path.relative_to(UNIT))
)
def test_each_file_of_tests_has_its_source(test: Path) -> None:
    name = str(test.relative_to(UNIT))
    assert name in ACROSS or any(path.exists() for path in source(test)), (
        f"{name}: none of {source(test)} exists"
    )


def test_what_stands_across_is_still_there() -> None:
    assert [name for name in ACROSS if not (UNIT / name).exists()] == []
