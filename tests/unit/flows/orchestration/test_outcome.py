"""How the stages of a flow ended, as rows and as problems."""

from __future__ import annotations

from flows.orchestration.outcome import Outcome
from flows.pipeline.stage import Result


def test_each_stage_is_a_row_and_each_that_did_not_end_well_a_problem() -> None:
    outcome = Outcome(
        ["a"], {"b": Result("b", "ran", 1.26)}, {"c": "c: no (exit status 1)"}, {"d": "c failed"}
    )
    assert [(row["stage"], row["outcome"], row["seconds"], row["why"]) for row in outcome.rows()] == [
        ("b", "ran", 1.3, ""),
        ("c", "failed", 0.0, "c: no (exit status 1)"),
        ("d", "skipped", 0.0, "c failed"),
        ("a", "fresh", 0.0, ""),
    ]
    assert outcome.problems() == ["c: no (exit status 1)", "d skipped: c failed"]
