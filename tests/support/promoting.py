"""A workspace that promotes again and again, each time at the moment at which it is told to.

``python -m tests.support.promoting DATA OVERLAP``: writes ``ready``, reads the name of a registered model, promotes,
and writes the decision as JSON, until its input ends. OVERLAP is a file that is locked while a promotion decides: a
second one that finds it so has not been kept apart.
"""

from __future__ import annotations

import fcntl
import json
import sys
from dataclasses import asdict
from pathlib import Path

from components.registry import promote
from components.registry.criteria import Criterion
from components.reporting import comparison
from components.serving import packaging
from tests.conftest import light_model, small


def main(data: Path, overlap: Path) -> None:
    packaging.log = light_model
    comparison.best = lambda **_: "mlp"
    decide = promote._decide
    # Opened before any connection: of a killed process Linux closes files in this order, so the lock on it ends before
    # the store lets the next promotion begin.
    file = overlap.open("a")

    def alone(*given: object, **options: object) -> promote.Decision:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            return decide(*given, **options)
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def passes(uri: str, *, genres: list[str]) -> Criterion:
        if "hang" in uri:
            print("hanging", flush=True)
            sys.stdin.readline()
        return Criterion("loads and predicts", True, "predicted")

    promote._decide, promote.smoke_test = alone, passes
    params = small()
    while True:
        print("ready", flush=True)
        if not (name := sys.stdin.readline().strip()):
            return
        promotion = params.promotion.model_copy(update={"registered_model": name})
        decision = promote.promote(params=params.model_copy(update={"promotion": promotion}), root=data)
        print(json.dumps(asdict(decision)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
