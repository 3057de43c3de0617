"""``genre stage study``: the stages of ``study/dvc.yaml``, to be run by DVC."""

from __future__ import annotations

from pathlib import Path

import typer

#: The project's root: DVC runs a stage in the folder of its file, which is ``study``.
ROOT = Path("..")

stages = typer.Typer(no_args_is_help=True, help="Stages of the study; `genre reproduce` calls these.")


@stages.command()
def compose() -> None:
    """Compose the embedded corpus for the study."""
    from components.study import materials

    materials.compose(root=ROOT)


@stages.command(name="list")
def list_source(source: str) -> None:
    """List one source of the study."""
    from components.study import materials

    materials.list_source(source, root=ROOT)


@stages.command()
def extract(material: str) -> None:
    """Extract one feature with its options."""
    from components.study import materials

    materials.extract(material, root=ROOT)


@stages.command()
def fit(experiment: str) -> None:
    """Fit and test one experiment under its protocols."""
    from components.study import fits

    fits.run(experiment, root=ROOT)


@stages.command()
def report() -> None:
    """Write the study's page."""
    from components.study import report

    report.run(root=ROOT)
