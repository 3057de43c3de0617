"""What the workflow does: every function here can be called from a notebook, without Prefect or DVC."""
