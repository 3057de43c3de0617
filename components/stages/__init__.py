"""One file per DVC stage, each with ``run()``.

Every ``run`` takes ``params``, the checked ``params.yaml``, and ``root``, the data folder that it reads from and writes
to.
"""
