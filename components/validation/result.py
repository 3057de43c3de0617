"""A feature's validation on disk: ``validation/<feature>/result.json``, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

import pydantic
from pydantic import Field

from components.config.params import describe
from components.config.strict import Strict
from components.core import atomic
from components.core.errors import ValidationError


class Outcome(Strict):
    """What was expected of a table's columns, and what was observed.

    Attributes
    ----------
    table, column : str
        What it is of; several columns are joined by commas, and '' is the whole table.
    observed : str
        What is wrong; '' where nothing is.
    expected, reason : str
        The limits, and why they are.
    expectation : str
        Great Expectations' name of it.
    success : bool
        Not in a result's file, which lists failures only.
    """

    table: str
    column: str
    observed: str
    expected: str
    reason: str
    expectation: str
    success: Annotated[bool, Field(exclude=True)] = False


class TableCount(Strict):
    """How many rows a table has, how many expectations are of it, and how many of these failed."""

    rows: int
    expectations: int
    failed: int


class ValidationResult(Strict):
    """What became of a feature's checkpoint; no times, paths or run ids.

    Attributes
    ----------
    feature : str
        Its name.
    success : bool
        Whether all expectations were met.
    expectations : int
        How many there were.
    tables : dict of str to TableCount
        By table; of results of before expectations were counted by table, their rows alone.
    summary : dict of str to float
        The measured facts.
    failed : list of Outcome
        The expectations that were not met.
    """

    FILE: ClassVar[str] = "result.json"

    feature: str
    success: bool
    expectations: int
    tables: dict[str, TableCount | int]
    summary: dict[str, float]
    failed: list[Outcome]

    @classmethod
    def path(cls, feature: str, *, root: Path) -> Path:
        """Return where the result of a feature is kept below the data folder."""
        return root / "validation" / feature / cls.FILE

    @classmethod
    def read(cls, feature: str, *, root: Path) -> Self:
        """Read the result of a feature.

        Raises
        ------
        ValidationError
            If the file is missing or damaged, with the stage that writes it.
        """
        path, remedy = cls.path(feature, root=root), f"run `dvc repro validate@{feature}`"
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ValidationError(f"{path} is missing; {remedy}") from error
        except pydantic.ValidationError as error:
            raise ValidationError(f"{path} is damaged ({describe(error)}); {remedy}") from error
        except OSError as error:
            raise ValidationError(f"{path} cannot be read ({error.strerror}); {remedy}") from error

    def write(self, path: Path) -> None:
        """Write the result as sorted, indented JSON, whole or not at all."""
        atomic.write_json(path, self.model_dump(mode="json"))
