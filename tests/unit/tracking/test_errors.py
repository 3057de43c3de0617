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


@pytest.mark.parametrize(
    ("code", "missing"),
    [("RESOURCE_DOES_NOT_EXIST", True), ("INVALID_PARAMETER_VALUE", True), ("INTERNAL_ERROR", False)],
)
def test_what_is_not_there_is_known_by_its_code(code: str, missing: bool) -> None:
    from mlflow import exceptions
    from mlflow.protos import databricks_pb2

    error = exceptions.MlflowException("no", error_code=databricks_pb2.ErrorCode.Value(code))
    assert errors.is_missing(error) is missing
    assert not errors.is_missing(OSError(code))


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("sqlite:////a@b/c.db", "sqlite:////a@b/c.db"),
        ("postgresql+psycopg://me:a@b:c@host:5432/x", "postgresql+psycopg://…@host:5432/x"),
        ("postgresql+psycopg://me:a/b@c@host/x", "postgresql+psycopg://…@host/x"),
        ("mysql://me:a/b@host/x and mssql://host/y", "mysql://…@host/x and mssql://host/y"),
        ("postgresql://host/x?user=me&password=secret&a=1", "postgresql://host/x?user=me&password=…&a=1"),
        ("https://token@host and http://other/", "https://…@host and http://other/"),
    ],
)
def test_an_address_has_no_name_and_no_password(address: str, masked: str) -> None:
    assert errors.masked(address) == masked


def test_a_database_s_own_reason_is_shown_to_its_end() -> None:
    from sqlalchemy.exc import OperationalError

    own = Exception("Multiple attempts failed. They were:\n- host: 'localhost', error: refused")
    with pytest.raises(StoreError, match=r"They were: - host: 'localhost', error: refused"), reached():
        raise OperationalError("select 1", {}, own)


def test_a_full_disk_is_named_with_its_file() -> None:
    with pytest.raises(StoreError, match=r"mlflow\.db: No space left"), reached():
        raise OSError(28, "No space left on device", "mlflow.db")
