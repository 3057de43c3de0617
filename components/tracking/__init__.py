"""Tracking in MLflow. Runs are logged from the files of the stages, so a lost store can be rebuilt.

:data:`components.tracking.store.EXPERIMENTS` lists the experiments, and what is a run in each. A run is found again by
the hash of what it was logged from, so nothing is logged twice.
"""

from components.tracking.search_runs import ensure_tuning_logged
from components.tracking.store import STORE, connect

__all__ = ["STORE", "connect", "ensure_tuning_logged"]
