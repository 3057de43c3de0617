"""``genre stage study``: the stages of ``study/dvc.yaml``, to be run by DVC."""

from __future__ import annotations

from pathlib import Path

import typer

#: The project's root: DVC runs a stage in the folder of its file, which is ``study``.
ROOT = Path("..")

stages = typer.Typer(no_args_is_help=True, help="Stages of the study; `genre reproduce` calls these.")


@stages.command()
def synthesise() -> None:
    """Compose the synthetic corpus for the study."""
    from components.study import extraction

    extraction.compose(root=ROOT)


@stages.command()
def corpus(source: str) -> None:
    """List one source of the study."""
    from components.parallel import cluster
    from components.study import extraction

    cluster.address()
    extraction.list_source(source, root=ROOT)


@stages.command()
def features(feature: str) -> None:
    """Extract one feature configuration."""
    from components.parallel import cluster
    from components.study import extraction

    cluster.address()
    extraction.extract(feature, root=ROOT)


@stages.command()
def fit(experiment: str) -> None:
    """Fit and test one experiment under its protocols."""
    from components.core import console
    from components.parallel import cluster

    cluster.address()
    fits = console.imported("components.study.fits")
    fits.run(experiment, root=ROOT)


@stages.command()
def report() -> None:
    """Write the study's page."""
    from components.study import page

    page.run(root=ROOT)
