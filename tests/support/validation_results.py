"""Made-up results of the stage ``validate``."""

from __future__ import annotations

from components.validation.result import Outcome, TableCount, ValidationResult

FAILURE = Outcome(
    table="values",
    column="coefficient_1",
    observed="-1131.4 in 3 rows",
    expected="-1000 to 1000",
    reason="a cepstral coefficient of sound at full scale",
    expectation="expect_column_values_to_be_between",
)


def validation_result(feature: str, *failed: Outcome) -> ValidationResult:
    """A feature's validation with these failures."""
    return ValidationResult(
        feature=feature,
        success=not failed,
        expectations=121,
        tables={"values": TableCount(rows=2, expectations=121, failed=len(failed))},
        summary={"tracks": 12.0},
        failed=list(failed),
    )
