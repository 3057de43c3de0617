"""What a suite file holds: ``components/validation/suites/<feature>.py``, where a feature needs more than any feature does."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import pandas as pd

from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.scan import Scan

#: Expectations by the table they read.
Suite = dict[str, list[Any]]
#: Tables by name.
Tables = dict[str, pd.DataFrame]


@runtime_checkable
class SuiteFile(Protocol):
    """A feature's own limits and expectations."""

    LIMITS: Limits

    def expectations(self, inputs: Inputs) -> Suite:
        """Say what the feature must hold.

        Parameters
        ----------
        inputs : Inputs
            The feature as it lies on disk, and what corpus and split say it should hold.

        Returns
        -------
        dict of str to list of Expectation
            By the table they read: one of every feature's, or of the file's own ``tables``.
        """
        ...


@runtime_checkable
class WithTables(SuiteFile, Protocol):
    """A suite file with tables of its own."""

    def tables(self, inputs: Inputs, found: Scan, built: Tables) -> Tables:
        """Build more tables.

        Parameters
        ----------
        inputs : Inputs
            The feature.
        found : Scan
            The pass over its values.
        built : dict of str to DataFrame
            The tables of every feature.

        Returns
        -------
        dict of str to DataFrame
            Added to, or put in place of, ``built``.
        """
        ...
