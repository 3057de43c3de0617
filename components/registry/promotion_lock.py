"""One promotion at a time, of all workspaces and machines that share a registry.

Where MLflow's store is one file of SQLite, a file beside it is locked. Elsewhere the registry itself keeps the order:
each promotion takes a number, the next version of a registered model that holds nothing else, and whoever has the
lowest goes first. MLflow gives each number once, by its database's primary key, and never again, so this holds through
an MLflow server as well as on its database directly, and where some use the one and some the other.

A number whose owner has ended does not stay in the way: its owner renews it, and whoever waits and sees no change for
:data:`LOST` seconds of its own clock deletes it. Clocks of two machines are never compared.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from components import tracking
from components.core import processes
from components.core.errors import RegistryError
from components.tracking import heartbeat, reader
from components.tracking.runs import HOST, PROCESS

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: Seconds after which another promotion is taken to hang: a smoke test may take 300, scoring anew as long, and the
#: music of ``promotion.evaluate_on`` may be much.
LONGEST_DECISION = 3600.0
#: Seconds without a change after which the owner of a number is taken to have ended: eight renewals. A store that is
#: away for a minute costs nobody its turn.
LOST = 120.0
#: Seconds between two renewals of a number, and between two looks whose turn it is.
RENEWAL, LOOK = 15.0, 0.5
#: What the registered model that gives the numbers is called after the one that is promoted.
SUFFIX = "-promotions"
#: Tag of a number, other at each renewal.
RENEWED = "genre.renewed"
DESCRIPTION = (
    "Not a model: who is deciding which version of {name} is @champion, and who waits for it. A version a promotion, "
    "deleted at its end."
)

#: Makes sure that the turn was not lost meanwhile; called just before the champion is moved.
Confirm = Callable[[], None]


@contextmanager
def held(registered_model: str, *, run_id: str) -> Iterator[Confirm]:
    """Wait until no other promotion of a registered model decides, and keep others waiting in the block.

    Parameters
    ----------
    registered_model : str
        The model whose champion may move.
    run_id : str
        A run of MLflow that the promotion is about: MLflow makes no version without one.

    Yields
    ------
    callable
        Raises a :class:`RegistryError` where others have given this promotion up; call it before the champion is moved.

    Raises
    ------
    RegistryError
        If another promotion does not end within :data:`LONGEST_DECISION` seconds; the message says where it runs.
    """
    database = reader.database()
    turn = _file(database) if database else _numbered(registered_model, run_id=run_id)
    with turn as confirm:
        yield confirm


@contextmanager
def _file(database: Path) -> Iterator[Confirm]:
    database.parent.mkdir(exist_ok=True)
    lock = FileLock(database.with_name(".promotion.lock"), timeout=LONGEST_DECISION)
    try:
        lock.acquire()
    except Timeout as error:
        raise RegistryError(
            f"another promotion has held {lock.lock_file} for {LONGEST_DECISION:g} s; end it, then `genre promote`"
        ) from error
    try:
        # The operating system keeps it, and lets go of it with this process.
        yield lambda: None
    finally:
        lock.release()


@contextmanager
def _numbered(registered_model: str, *, run_id: str) -> Iterator[Confirm]:
    number = Number(tracking.connect(), registered_model + SUFFIX, run_id=run_id)
    try:
        with heartbeat.beating(number.renew, every=RENEWAL):
            number.wait()
            yield number.confirm
    finally:
        number.give_back()


class Number:
    """A promotion's number.

    Parameters
    ----------
    client : MlflowClient
        Of the registry.
    name : str
        The registered model that gives the numbers; made where missing.
    run_id : str
        See :func:`held`.
    """

    def __init__(self, client: MlflowClient, name: str, *, run_id: str) -> None:
        self._client, self._name, self._times = client, name, count(1)
        _ensure(client, name)
        tags = {HOST: platform.node(), PROCESS: processes.own(), RENEWED: "0"}
        made = client.create_model_version(
            name, f"runs:/{run_id}/model", run_id, tags=tags, await_creation_for=None
        )
        self.number = int(made.version)

    def renew(self) -> None:
        """Show that this promotion goes on."""
        self._client.set_model_version_tag(self._name, str(self.number), RENEWED, str(next(self._times)))

    def _all(self) -> dict[int, ModelVersion]:
        found = self._client.search_model_versions(f"name = '{self._name}'")
        return {int(version.version): version for version in found}

    def wait(self) -> None:
        """Wait until no lower number is left; delete those whose owner has ended.

        Raises
        ------
        RegistryError
            If one stays too long, or others have taken this promotion to have ended.
        """
        limit = time.monotonic() + LONGEST_DECISION
        seen: dict[int, tuple[str, float]] = {}
        while True:
            there = self._all()
            self._confirm(there)
            before = [version for number, version in there.items() if number < self.number]
            before = [version for version in before if not self._ended_owner(version, seen)]
            if not before:
                return
            if time.monotonic() > limit:
                raise RegistryError(
                    f"another promotion, on {before[0].tags.get(HOST)}, has not ended within {LONGEST_DECISION:g} s; "
                    "end it, then `genre promote`"
                )
            time.sleep(LOOK)

    def _ended_owner(self, version: ModelVersion, seen: dict[int, tuple[str, float]]) -> bool:
        """Delete a number that is not renewed any more, and return whether it was."""
        number, tags, now = int(version.version), version.tags, time.monotonic()
        renewed = tags.get(RENEWED, "")
        if number not in seen or seen[number][0] != renewed:
            seen[number] = (renewed, now)
        here = tags.get(HOST) == platform.node() and not processes.alive(tags.get(PROCESS, ""))
        if not here and now - seen[number][1] < LOST:
            return False
        _delete(self._client, self._name, number)
        return True

    def confirm(self) -> None:
        """Make sure that nobody has taken this promotion to have ended.

        Raises
        ------
        RegistryError
            If somebody has.
        """
        self._confirm(self._all())

    def _confirm(self, there: dict[int, ModelVersion]) -> None:
        if self.number not in there:
            raise RegistryError(
                f"this promotion gave no sign of life for {LOST:g} s, and another has taken its turn; the champion "
                "was not moved; valid: `genre promote` again"
            )

    def give_back(self) -> None:
        """Let the next one go on."""
        _delete(self._client, self._name, self.number)


def _ensure(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    about = DESCRIPTION.format(name=name.removesuffix(SUFFIX))
    try:
        client.create_registered_model(name, description=about)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _delete(client: MlflowClient, name: str, number: int) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.delete_model_version(name, str(number))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise  # of two that wait, the other was quicker
