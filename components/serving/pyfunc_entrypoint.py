"""Entry point of a logged model ("models from code"): MLflow runs this file to make it, and unpickles nothing."""

import mlflow

from components.serving.pyfunc_model import PyfuncModel

mlflow.models.set_model(PyfuncModel())
