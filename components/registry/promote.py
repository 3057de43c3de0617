"""Promotion: registering a challenger, the criteria that alone move ``@champion``, and rollback."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from components import tracking
from components.config.params import Params
from components.core.errors import ParamsError, RegistryError
from components.registry import criteria, promotion_lock, webhooks
from components.registry.criteria import Criterion, smoke_test
from components.registry.promotion_lock import Confirm
from components.reporting import comparison
from components.results import record as records
from components.results.record import ModelRecord
from components.serving import packaging
from components.serving.load import CHAMPION, champion
from components.tracking import integrity, reader
from components.tracking.errors import reached
from components.tracking.runs import NOTE
from components.tracking.training_runs import tags_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Decision:
    """Outcome of a promotion.

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
    criteria : list of Criterion
        In the order they were checked; the first that is not met ends the list.
    """

    promoted: bool
    model: str
    version: str
    reason: str
    criteria: list[Criterion] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{'Promoted' if self.promoted else 'Not promoted'}: {self.reason}"

    def markdown(self) -> str:
        """Lay the decision out as a table of its criteria."""
        rows = [f"| {one.name} | {'yes' if one.met else 'no'} | {one.reason} |" for one in self.criteria]
        head = f"## {'Promoted' if self.promoted else 'Not promoted'}: {self.model}"
        return "\n".join([head, "", self.reason, "", "| criterion | met | reason |", "|---|---|---|", *rows])


@reached()
def summary(*, params: Params) -> str:
    """Describe the champion version in one line."""
    name = params.promotion.registered_model
    current = champion(reader.opened(), name)
    if current is None:
        return f"Champion: none; `genre promote` prints the criteria (models:/{name})"
    model = current.tags.get("model", "?")
    return f"Champion: {model}, models:/{name}@{CHAMPION} is version {current.version}"


@reached()
def promote(*, params: Params, root: Path = Path("data")) -> Decision:
    """Let the best of the compared models challenge the champion.

    The challenger is the best on validation songs; the test part plays no role. It becomes champion only if
    it meets every criterion. Run again on the same models, nothing is registered and nothing moves.

    Raises
    ------
    EvaluationError
        If there is no labelled music where ``promotion.evaluate_on`` names some.
    ComparisonError, RegistryError
        If there is no comparison, a registered version cannot be read, or another promotion never ends.
    StoreError
        If MLflow's store fails.
    """
    name = comparison.best(params=params, root=root)
    if params.promotion.evaluate_on is not None:
        from components.external_evaluation import labels

        labels.read(Path(params.promotion.evaluate_on))
    registered = params.promotion.registered_model
    run_id = packaging.ensure_logged(name, root=root)
    if (current := champion(reader.opened(), registered)) and current.run_id == run_id:
        return _already(name, current)
    with promotion_lock.held(registered, run_id=run_id) as confirm:
        return _decide(name, run_id=run_id, confirm=confirm, params=params, root=root)


def _already(name: str, current: ModelVersion) -> Decision:
    reason = f"{name} is already champion (version {current.version}): nothing to do."
    return Decision(False, name, str(current.version), reason)


def _decide(name: str, *, run_id: str, confirm: Confirm, params: Params, root: Path) -> Decision:
    registered = params.promotion.registered_model
    record = records.read(name, root=root)
    metrics = json.loads((records.folder(name, root=root) / "metrics.json").read_text(encoding="utf-8"))
    client = tracking.connect()
    current = champion(client, registered)
    if current is not None and current.run_id == run_id:
        return _already(name, current)
    checked = [
        criteria.above_chance(record, metrics),
        criteria.names_each_genre(record, root=root, allow_unnamed=params.promotion.allow_unnamed),
        criteria.feature_validated(record, root=root),
        criteria.encoder_trained(record, allow_untrained=params.promotion.allow_untrained),
        criteria.artists_apart(record, metrics, allow_confounded=params.promotion.allow_confounded),
    ]
    if current is not None:
        checked.append(criteria.beats_champion(client, current, record=record, params=params, root=root))
    if params.promotion.evaluate_on is not None and all(one.met for one in checked):
        # After all that takes no time.
        checked.append(
            criteria.external_accuracy(run_id, current, registered_model=registered, params=params)
        )
    failed = next((one for one in checked if not one.met), None)
    if failed is not None:
        stays = f"; version {current.version} stays champion" if current else "; there is no champion"
        version = str(current.version) if current else ""
        return Decision(False, name, version, f"{name} was not promoted: {failed.reason}{stays}.", checked)
    version = register(client, run_id, registered_model=registered, record=record)
    checked.append(smoke_test(f"models:/{registered}/{version}", genres=record.genres))
    if not checked[-1].met:
        client.set_model_version_tag(registered, version, "promotion", f"refused: {checked[-1].reason}")
        return Decision(False, name, version, f"{name} was not promoted: {checked[-1].reason}.", checked)
    now = champion(client, registered)
    # MLflow gives numbers or texts, by the kind of store.
    if (now and str(now.version)) != (current and str(current.version)):
        # A person moved it meanwhile, on MLflow's page, beyond the reach of the lock: it is the champion to beat.
        return _decide(name, run_id=run_id, confirm=confirm, params=params, root=root)
    decision = Decision(True, name, version, f"{name} is champion as version {version}.", checked)
    client.set_model_version_tag(registered, version, "promotion", "passed")
    client.log_dict(run_id, asdict(decision), "promotion.json")
    confirm()
    # Last: a promotion that is killed before has not happened, and is made again.
    client.set_registered_model_alias(registered, CHAMPION, version)
    webhooks.alias_moved(client, name=registered, alias=CHAMPION, version=version)
    return decision


def register(client: MlflowClient, run_id: str, *, registered_model: str, record: ModelRecord) -> str:
    """Register a run's model, once; return its version, an earlier one where this run has one."""
    import mlflow
    from mlflow.utils.logging_utils import disable_logging, enable_logging

    def versions() -> list[int]:
        found = client.search_model_versions(f"name = '{registered_model}'")
        return sorted(int(version.version) for version in found if version.run_id == run_id)

    if known := versions():
        return str(known[0])
    run = client.get_run(run_id)
    run_tags = run.data.tags
    tags = {key: value for key, value in tags_of(record).items() if key != "warnings"}
    tags[integrity.TAG] = run_tags[integrity.TAG]
    # MLflow prints what it registers; the command prints the decision.
    disable_logging()
    try:
        made = mlflow.register_model(
            integrity.address(run), registered_model, tags=tags, await_registration_for=60
        )
    finally:
        enable_logging()
    first = versions()[0]
    if first != int(made.version):
        # Another promotion registered the same run at the same moment: both keep the first.
        client.delete_model_version(registered_model, made.version)
    client.update_model_version(registered_model, str(first), description=run_tags[NOTE])
    from components.reporting import model_card

    about = model_card.of_the_name(registered_model=registered_model, composed=record.composed_songs)
    client.update_registered_model(registered_model, description=about)
    return str(first)


@reached()
def rollback(version: str, *, params: Params) -> str:
    """Make an earlier version champion again, after the smoke test; return one sentence.

    Raises
    ------
    ParamsError
        If there is no such version.
    RegistryError
        If it does not load and predict, or another promotion does not end.
    """
    client, name = tracking.connect(), params.promotion.registered_model
    versions = {str(known.version): known for known in client.search_model_versions(f"name = '{name}'")}
    if version not in versions:
        valid = ", ".join(sorted(versions, key=int)) or "none is registered"
        raise ParamsError(f"version {version!r} of {name!r} is not registered; valid: {valid}")
    genres = json.loads(versions[version].tags.get("genres", "[]"))
    with promotion_lock.held(name, run_id=str(versions[version].run_id)) as confirm:
        check = smoke_test(f"models:/{name}/{version}", genres=genres)
        if not check.met:
            raise RegistryError(
                f"version {version} does not load and predict: {check.reason}; nothing was changed"
            )
        before = champion(client, name)
        confirm()
        client.set_registered_model_alias(name, CHAMPION, version)
        webhooks.alias_moved(client, name=name, alias=CHAMPION, version=version)
    return f"champion: version {before.version if before else 'none'} -> version {version}"
