"""PostgreSQL and a bucket, one each for all tests beside this file."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest

from tests.support.servers import Bucket, PostgreSQL


@pytest.fixture(scope="package")
def postgresql() -> Iterator[PostgreSQL]:
    pytest.importorskip("psycopg", reason="NOT RUN: no psycopg here")
    made = PostgreSQL()
    yield made
    made.stop()


@pytest.fixture(scope="package")
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.stop()


@pytest.fixture(autouse=True, scope="package")
def _mlflow_forgets_the_servers() -> Iterator[None]:
    """Later tests are not led to stores that are gone."""
    yield
    mlflow.set_tracking_uri(None)
