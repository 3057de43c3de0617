-- Run once, by a new server: MLflow and Prefect each migrate a database of their own.
CREATE DATABASE mlflow;
CREATE DATABASE prefect;
