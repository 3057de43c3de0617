"""Prefect runs of flows that were killed: closed here, or they would stay "Running" for ever."""

from __future__ import annotations

import os
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from flows.orchestration import server
from flows.process.workspace_lock import Holder

MESSAGE = "The process of this run was killed; the next run in the same workspace found it."


def take_over(holder: Holder, *, flow_run: object) -> None:
    """Close what a killed flow left in a workspace, and note there ``flow_run``, the id of the run that is alive."""
    close_run(holder.previous.pop("flow_run", None))
    if server.is_temporary():
        close_others(flow_run)
    holder.note(pid=os.getpid(), flow_run=str(flow_run))


def close_run(flow_run: object) -> bool:
    """Mark a flow run, and its task runs that are not final, as crashed; return whether there was such a run.

    Call this while the workspace is held: then no process of that run is alive.

    Parameters
    ----------
    flow_run : object
        The id that the last holder of the workspace had noted; anything else, None included, is passed over.
    """
    try:
        key = UUID(str(flow_run))
    except ValueError:
        return False
    with get_client(sync_client=True) as client:
        try:
            found = client.read_flow_run(key)
        except ObjectNotFound:
            return False  # that run was on another server, or its database is gone
        # A worker reports the end of the process itself, but not those of the tasks in it.
        for one in client.read_task_runs(flow_run_filter=_those(id={"any_": [key]})):
            if one.state is not None and not one.state.is_final():
                client.set_task_run_state(one.id, Crashed(message=MESSAGE), force=True)
        if found.state is not None and found.state.is_final():
            return False
        client.set_flow_run_state(key, Crashed(message=MESSAGE), force=True)
    get_run_logger().warning("closed run %s: its process had been killed", found.name)
    return True


def close_others(flow_run: object) -> int:
    """Close every unfinished run but ``flow_run``; return how many were closed.

    Only on a server of the workspace's own, while the workspace is held. A flow killed between its creation on
    the server and its note in the workspace is found no other way.
    """
    unfinished = _those(state={"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}})
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=unfinished)
    return sum(close_run(run.id) for run in found if str(run.id) != str(flow_run))


def _those(**conditions: object) -> FlowRunFilter:
    return FlowRunFilter.model_validate(conditions)
