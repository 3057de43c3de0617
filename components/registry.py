"""The registry: registering, the gate that alone moves ``@champion``, and the way back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from components import comparison, gate, tracking
from components.errors import RegistryError
from components.gate import Check, load_test
from components.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"


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
        If there is nothing to compare, or a registered version cannot be read.
    """
    name = comparison.best(params=params, root=root)
    client = tracking.connect()
    lock = tracking.STORE / ".promotion.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        return _decide(client, name, params=params, root=root)


def _decide(client: MlflowClient, name: str, *, params: Params, root: Path) -> Decision:
    registered = params.promotion.registered_model
    facts = json.loads((root / "models" / name / "training.json").read_text(encoding="utf-8"))
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
    checks = [gate.above_chance(metrics, genres=facts["genres"]), gate.validated(facts, root=root)]
    checks.append(gate.pretrained(facts, allow=params.promotion.allow_untrained))
    if current is not None:
        checks.append(gate.beats(client, current, name, facts=facts, params=params, root=root))
    failed = next((check for check in checks if not check.passed), None)
    if failed is not None:
        speaks = f"; version {current.version} stays champion" if current else "; there is no champion"
        version = str(current.version) if current else ""
        return Decision(False, name, version, f"{name} was not promoted: {failed.because}{speaks}.", checks)
    version = register(client, run_id, registered_model=registered, facts=facts)
    checks.append(load_test(f"models:/{registered}/{version}", genres=facts["genres"]))
    if not checks[-1].passed:
        client.set_model_version_tag(registered, version, "gate", f"refused: {checks[-1].because}")
        return Decision(False, name, version, f"{name} was not promoted: {checks[-1].because}.", checks)
    client.set_registered_model_alias(registered, CHAMPION, version)
    decision = Decision(True, name, version, f"{name} is champion as version {version}.", checks)
    client.set_model_version_tag(registered, version, "gate", "passed")
    client.log_dict(run_id, asdict(decision), "promotion.json")
    return decision


def register(client: MlflowClient, run_id: str, *, registered_model: str, facts: dict[str, Any]) -> str:
    """Register a run's model, once.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run_id : str
        A training run.
    registered_model : str
        Name in the registry.
    facts : dict
        What ``training.json`` holds.

    Returns
    -------
    str
        The version, an earlier one where this run has one.
    """
    import mlflow

    for version in client.search_model_versions(f"name = '{registered_model}'"):
        if version.run_id == run_id:
            return str(version.version)
    tags = {key: value for key, value in tracking.tags_of(facts).items() if key != "warnings"}
    made = mlflow.register_model(
        f"runs:/{run_id}/model", registered_model, tags=tags, await_registration_for=60
    )
    client.update_model_version(registered_model, made.version, description=tracking.describe(facts))
    return str(made.version)


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
    genres = json.loads(versions[version].tags["genres"])
    check = load_test(f"models:/{name}/{version}", genres=genres)
    if not check.passed:
        raise RegistryError(
            f"version {version} does not load and answer: {check.because}; nothing was changed"
        )
    client.set_registered_model_alias(name, CHAMPION, version)
    return f"champion: version {before.version if before else 'none'} -> version {version}"
