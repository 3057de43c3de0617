"""``genre``: the commands of ``components/cli.py`` and those that run a flow. Prefect is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from components.cli import ROOT, app, main


@app.command()
def run(
    force: Annotated[bool, typer.Option("--force", help="Run every stage, stale or not")] = False,
    models: Annotated[str | None, typer.Option(help="Only these models, by comma; all by default")] = None,
    only_stale: Annotated[
        bool, typer.Option("--only-stale", help="Run what is stale and promote nothing")
    ] = False,
) -> None:
    """Run the workflow: stale stages in DVC's order, then compare, then let the gate decide."""
    from components import params
    from components.checks import check_all

    checked = params.load()
    check_all(checked)
    from flows import launch

    chosen = models.split(",") if models else None
    for name in chosen or []:
        checked.model(name)
    status = launch.run(force=force, models=chosen, only_stale=only_stale)
    if status == 0:
        from components import comparison, registry

        comparison.table(params=checked, root=ROOT)
        print(registry.speaks(params=checked))
        print("MLflow UI: genre mlflow-ui")
    raise typer.Exit(status)


if __name__ == "__main__":
    main()
