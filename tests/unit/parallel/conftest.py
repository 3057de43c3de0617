"""A cluster of two workers, once for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.parallel import cluster
from tests.support.dask_cluster import DaskCluster, dask_cluster


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=2) as found:
        yield found


@pytest.fixture
def connected(dask: DaskCluster) -> Iterator[cluster.Cluster]:
    with cluster.connect(dask.address) as pool:
        yield pool
