"""A stage of another clone: the same code or none, in a folder of its own; run in integration/stores/test_pools.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from prefect.states import Completed, Crashed, Failed, Running, State

from flows.orchestration import remote_stage
from flows.pipeline.stage import StageError, StoppedError

RUN = UUID(int=7)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "a.py").write_text("one = 1\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(
        "[core]\n    no_scm = true\n    remote = near\n['remote \"near\"']\n    url = ../store\n"
    )
    return tmp_path


def test_other_code_is_refused_and_what_python_makes_of_it_is_none(clone: Path) -> None:
    first = remote_stage.code(clone)
    (clone / "components" / "__pycache__").mkdir()
    (clone / "components" / "__pycache__" / "a.pyc").write_bytes(b"1")
    remote_stage.refuse_other_code(first, root=clone, stage="train@mlp")
    (clone / "components" / "a.py").write_text("one = 2\n")
    with pytest.raises(
        StageError, match=r"^train@mlp: the code in .*the same commit in both clones"
    ) as caught:
        remote_stage.refuse_other_code(first, root=clone, stage="train@mlp")
    assert caught.value.status == 2


def test_its_folder_has_the_params_of_the_flow_and_the_remote_of_the_clone(clone: Path) -> None:
    for seed in (1, 2):
        root = remote_stage.workspace(clone, params=f"seed: {seed}\n", stage="train@mlp")
    assert root == clone / ".remote"
    assert (root / "params.yaml").read_text() == "seed: 2\n"
    assert not (clone / "params.yaml").exists()
    assert (root / "components" / "a.py").read_text() == "one = 1\n"
    settings = (root / ".dvc" / "config.local").read_text()
    assert f"url = {clone / 'store'}" in settings
    assert f"dir = {clone / '.dvc' / 'cache'}" in settings


class Server:
    """Prefect's client: a run that goes through states, and what it leaves."""

    def __init__(self, *states: State, left: str = "") -> None:
        self.states, self.left = list(states), left
        self.set: list[str] = []

    def read_flow_run(self, run_id: UUID) -> SimpleNamespace:
        assert run_id == RUN
        return SimpleNamespace(state=self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def set_flow_run_state(self, run_id: UUID, state: State, *, force: bool) -> None:
        self.set.append(str(state.name))

    def read_artifacts(self, **_: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(data=self.left)]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    """The one server of the list is the one that is reached."""
    servers: list[Server] = []

    @contextmanager
    def client(*, sync_client: bool) -> Iterator[Server]:
        yield servers[0]

    monkeypatch.setattr(remote_stage, "get_client", client)
    monkeypatch.setattr(remote_stage, "LOOK", 0.0)
    yield servers


def test_a_run_that_ended_well_leaves_its_entry(waiting: list[Server]) -> None:
    waiting.append(Server(Running(), Completed(), left='"schema: 2.0"'))
    assert remote_stage._ended(RUN, stage="train@mlp", stopping=lambda: False) == "schema: 2.0"


@pytest.mark.parametrize(
    ("state", "message", "status"),
    [
        (Failed(message="train@mlp: no units (exit status 2)"), "train@mlp: no units (exit status 2)", 2),
        (Failed(message="train@mlp: killed (exit status 1)"), "train@mlp: killed (exit status 1)", 1),
        (Crashed(message="the worker has gone"), "train@mlp: the worker has gone", 1),
        (Crashed(), "train@mlp: Crashed", 1),
    ],
)
def test_the_reason_of_a_run_that_failed_is_the_stage_s(
    waiting: list[Server], state: State, message: str, status: int
) -> None:
    waiting.append(Server(state))
    with pytest.raises(StageError) as caught:
        remote_stage._ended(RUN, stage="train@mlp", stopping=lambda: False)
    assert (str(caught.value), caught.value.status) == (message, status)


def test_where_the_flow_is_stopped_the_run_is_cancelled(waiting: list[Server]) -> None:
    waiting.append(Server(Running()))
    with pytest.raises(StoppedError, match="train@mlp was stopped"):
        remote_stage._ended(RUN, stage="train@mlp", stopping=lambda: True)
    assert waiting[0].set == ["Cancelling"]
