"""The registry: registering, the gate that alone moves ``@champion``, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from components import tracking
from components.config.params import Params
from components.core.errors import RegistryError
from components.registry import gate
from components.registry.gate import Check, load_test
from components.reporting import comparison, model_card
from components.tracking import integrity
from components.tracking.errors import reached
from components.tracking.runs import NOTE
from components.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
#: Seconds after which another promotion is taken to hang: a load test may take 300, scoring anew as long.
LONGEST_DECISION = 900


@dataclass(frozen=True)
class Decision:
    """What the gate decided.

    Attributes
    ----------
    promoted : bool
        Whether ``@champion`` was moved by this decision.
    model : str
        The challenger.
    version : str
        Version of the challenger where it was registered, else of the champion, else empty.
    reason : str
        One sentence.
    checks : list of Check
        In the order they were made; the first that fails ends the list.
    """

    promoted: bool
    model: str
    version: str
    reason: str
    checks: list[Check] = field(default_factory=list)

    def markdown(self) -> str:
        """Lay the decision out."""
        rows = [f"| {c.question} | {'yes' if c.passed else 'no'} | {c.because} |" for c in self.checks]
        head = f"## {'Promoted' if self.promoted else 'Not promoted'}: {self.model}"
        return "\n".join(
            [head, "", self.reason, "", "| question | answer | because |", "|---|---|---|", *rows]
        )


def champion(client: MlflowClient, name: str) -> ModelVersion | None:
    """Return the version that speaks now.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    name : str
        The registered model.

    Returns
    -------
    ModelVersion or None
        None where there is no champion yet.
    """
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


@reached()
def speaks(*, params: Params) -> str:
    """Say which version speaks now.

    Parameters
    ----------
    params : Params
        The checked params.

    Returns
    -------
    str
        One line.
    """
    name = params.promotion.registered_model
    current = champion(tracking.connect(), name)
    if current is None:
        return f"Champion: none; `genre promote` says why (models:/{name})"
    return (
        f"Champion: {current.tags.get('model', '?')}, models:/{name}@{CHAMPION} is version {current.version}"
    )


@reached()
def promote(*, params: Params, root: Path = Path("data")) -> Decision:
    """Let the best of the compared models challenge the champion.

    The challenger is the best on validation songs; the test part plays no role. It becomes champion only if
    it passes every check. Run again on the same models, nothing is registered and nothing moves.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    Decision
        Yes or no, and why.

    Raises
    ------
    TrainingError, RegistryError
        If there is nothing to compare, a registered version cannot be read, or another promotion never ends.
    StoreError
        If MLflow's store fails.
    """
    name = comparison.best(params=params, root=root)
    client = tracking.connect()
    with _alone():
        return _decide(client, name, params=params, root=root)


@contextmanager
def _alone() -> Iterator[None]:
    """Let one promotion at a time decide, of all workspaces whose store is one file on this machine."""
    import mlflow

    scheme, _, place = mlflow.get_tracking_uri().partition(":///")
    folder = Path(place).parent if scheme == "sqlite" else tracking.STORE
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / ".promotion.lock", timeout=LONGEST_DECISION)
    try:
        with lock:
            yield
    except Timeout as error:
        raise RegistryError(
            f"another promotion has held {lock.lock_file} for {LONGEST_DECISION} s; end it, then `genre promote`"
        ) from error


def _decide(client: MlflowClient, name: str, *, params: Params, root: Path) -> Decision:
    registered = params.promotion.registered_model
    record = TrainingRecord.read(root / "models" / name)
    metrics = json.loads((root / "models" / name / "metrics.json").read_text(encoding="utf-8"))
    run_id = tracking.ensure_logged(name, params=params, root=root)
    current = champion(client, registered)
    if current is not None and current.run_id == run_id:
        return Decision(
            False,
            name,
            current.version,
            f"{name} is already champion (version {current.version}): nothing to do.",
        )
    checks = [gate.above_chance(metrics, genres=record.genres), gate.validated(record, root=root)]
    checks.append(gate.pretrained(record, allow=params.promotion.allow_untrained))
    if current is not None:
        checks.append(gate.beats(client, current, name, record=record, params=params, root=root))
    failed = next((check for check in checks if not check.passed), None)
    if failed is not None:
        speaks = f"; version {current.version} stays champion" if current else "; there is no champion"
        version = str(current.version) if current else ""
        return Decision(False, name, version, f"{name} was not promoted: {failed.because}{speaks}.", checks)
    version = register(client, run_id, registered_model=registered, record=record)
    checks.append(load_test(f"models:/{registered}/{version}", genres=record.genres))
    if not checks[-1].passed:
        client.set_model_version_tag(registered, version, "gate", f"refused: {checks[-1].because}")
        return Decision(False, name, version, f"{name} was not promoted: {checks[-1].because}.", checks)
    now = champion(client, registered)
    if (now and now.version) != (current and current.version):
        # Somebody else, beyond the reach of the lock, promoted meanwhile: theirs is the champion to beat.
        return _decide(client, name, params=params, root=root)
    decision = Decision(True, name, version, f"{name} is champion as version {version}.", checks)
    client.set_model_version_tag(registered, version, "gate", "passed")
    client.log_dict(run_id, asdict(decision), "promotion.json")
    # Last: a promotion that is killed before has not happened, and is made again.
    client.set_registered_model_alias(registered, CHAMPION, version)
    return decision


def register(client: MlflowClient, run_id: str, *, registered_model: str, record: TrainingRecord) -> str:
    """Register a run's model, once.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run_id : str
        A training run.
    registered_model : str
        Name in the registry.
    record : TrainingRecord
        The trained model's.

    Returns
    -------
    str
        The version, an earlier one where this run has one.
    """
    import mlflow

    def known() -> list[int]:
        versions = client.search_model_versions(f"name = '{registered_model}'")
        return sorted(int(version.version) for version in versions if version.run_id == run_id)

    if known():
        return str(known()[0])
    tags = {key: value for key, value in tracking.tags_of(record).items() if key != "warnings"}
    tags[integrity.TAG] = client.get_run(run_id).data.tags[integrity.TAG]
    made = mlflow.register_model(
        f"runs:/{run_id}/model", registered_model, tags=tags, await_registration_for=60
    )
    first = known()[0]
    if first != int(made.version):
        # Another promotion registered the same run at the same moment: both keep the first.
        client.delete_model_version(registered_model, made.version)
    card = client.get_run(run_id).data.tags[NOTE]
    client.update_model_version(registered_model, str(first), description=card)
    about = model_card.of_the_name(registered_model=registered_model, composed=record.composed_songs)
    client.update_registered_model(registered_model, description=about)
    return str(first)


@reached()
def roll_back(version: str, *, params: Params) -> str:
    """Make an earlier version champion again, after the load test.

    Parameters
    ----------
    version : str
        A registered version.
    params : Params
        The checked params.

    Returns
    -------
    str
        One sentence.

    Raises
    ------
    RegistryError
        If there is no such version, or it does not load and answer.
    """
    client, name = tracking.connect(), params.promotion.registered_model
    versions = {str(known.version): known for known in client.search_model_versions(f"name = '{name}'")}
    if version not in versions:
        valid = ", ".join(sorted(versions, key=int)) or "none is registered"
        raise RegistryError(f"version {version!r} of {name!r} is not registered; valid: {valid}")
    before = champion(client, name)
    genres = json.loads(versions[version].tags.get("genres", "[]"))
    check = load_test(f"models:/{name}/{version}", genres=genres)
    if not check.passed:
        raise RegistryError(
            f"version {version} does not load and answer: {check.because}; nothing was changed"
        )
    client.set_registered_model_alias(name, CHAMPION, version)
    return f"champion: version {before.version if before else 'none'} -> version {version}"
