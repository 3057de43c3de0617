"""What is counted, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from components.http.pool import Pool
from components.http.schema import Model
from components.http.worker import Outcome

#: Upper bounds of the histograms' buckets, in seconds.
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Restarts(Collector):
    """A pool's own count, read when metrics are collected."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read it."""
        what = "Worker processes started in place of another"
        yield CounterMetricFamily("genre_worker_restarts", what, value=self.pool.restarts)


class Metrics:
    """The server's metrics, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()
        self._registry = CollectorRegistry()
        registry: dict[str, Any] = {"registry": self._registry}
        ProcessCollector(registry=self._registry)
        self.requests = Counter("genre_requests", "Requests to /predict, by status", ["status"], **registry)
        self.songs = Counter(
            "genre_songs",
            "Songs: genre, unsure, or the status of one without a prediction",
            ["outcome"],
            **registry,
        )
        self.in_progress = Gauge(
            "genre_requests_in_progress", "Requests to /predict at this moment", **registry
        )
        self.request_seconds = Histogram(
            "genre_request_seconds", "Seconds of a request to /predict", buckets=BUCKETS, **registry
        )
        self.song_seconds = Histogram(
            "genre_song_seconds",
            "Seconds of a song, with its wait for a process",
            buckets=BUCKETS,
            **registry,
        )
        self.received = Counter("genre_received_bytes", "Bytes of songs received", **registry)
        self.reloads = Counter(
            "genre_model_reloads", "Models loaded in place of another", ["outcome"], **registry
        )
        self.workers = Gauge("genre_workers", "Worker processes", **registry)
        self._model = Gauge(
            "genre_model_info", "The model that serves", ["name", "uri", "run_id"], **registry
        )

    def watch(self, pool: Pool) -> None:
        """Read a pool's figures whenever metrics are collected."""
        self._registry.register(Restarts(pool))
        self.workers.set_function(lambda: len(pool.pids))

    def serves(self, model: Model) -> None:
        """Name the model that serves."""
        self._model.clear()
        self._model.labels(model.name, model.uri, model.run_id).set(1)

    def count(self, outcome: Outcome) -> None:
        """Count a song."""
        good = "unsure" if outcome.song.get("unsure") else "genre"
        self.songs.labels(good if outcome.status == 200 else str(outcome.status)).inc()

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)
