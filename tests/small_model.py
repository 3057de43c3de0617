"""The smallest model MLflow logs from code: always the same answer."""

from pathlib import Path

import mlflow

#: This file, for ``log_model(python_model=...)``.
Constant = Path(__file__)


class Answer(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return ["blues"] * len(model_input)


if __name__ != "tests.small_model":
    mlflow.models.set_model(Answer())
