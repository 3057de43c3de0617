"""The smallest model MLflow logs from code: always the same prediction."""

from pathlib import Path

import mlflow
import pandas as pd

#: This file, for ``log_model(python_model=...)``.
Constant = Path(__file__)


class ConstantModel(mlflow.pyfunc.PythonModel):
    def predict(self, context: object, model_input: pd.DataFrame, params: dict | None = None) -> list[str]:
        return ["blues"] * len(model_input)


if __name__ != "tests.support.small_model":
    mlflow.models.set_model(ConstantModel())
