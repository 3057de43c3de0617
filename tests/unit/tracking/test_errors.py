"""Errors of MLflow's store: one line, without passwords."""

from __future__ import annotations

import pytest

from components.core.errors import StoreError
from components.tracking import errors
from components.tracking.errors import reached


def test_an_error_is_one_line_without_passwords() -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(StoreError) as caught, reached():
        raise MlflowException("cannot reach http://me:secret@host:5000/api\nand much more")
    assert "http://…@host:5000/api" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert errors.masked("sqlite:////a@b/c.db") == "sqlite:////a@b/c.db"


def test_a_full_disk_is_named_with_its_file() -> None:
    with pytest.raises(StoreError, match=r"mlflow\.db: No space left"), reached():
        raise OSError(28, "No space left on device", "mlflow.db")
