"""``genre``: the commands of ``components/cli.py`` and those that run a flow. Prefect is imported when it runs."""

from __future__ import annotations

from pathlib import Path
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
    from components.config import params
    from components.config.preflight import check_all

    checked = params.load()
    check_all(checked)
    from flows import runner
    from flows.pipeline import graph

    chosen = models.split(",") if models else None
    for name in chosen or []:
        checked.model(name)
    status = runner.run(force=force, models=chosen, only_stale=only_stale)
    if status == 0:
        from components.registry import promote
        from components.reporting import store as report_store

        if chosen and "compare" in graph.read(Path.cwd()).stale():
            print("Not compared: other models are not up to date; `genre run` brings all of them up to date.")
        else:
            report_store.table(params=checked, root=ROOT)
        print(promote.speaks(params=checked))
        print("MLflow UI: genre mlflow-ui")
    raise typer.Exit(status)


@app.command()
def score(
    folder: Annotated[Path, typer.Argument(help="Searched at any depth; songs scored before are known")],
    threshold: Annotated[float, typer.Option(help="Share of drifted columns that calls for training")] = 0.5,
    window: Annotated[int, typer.Option(help="Songs, the newest, that drift is measured over")] = 200,
    model: Annotated[
        str | None, typer.Option(help="models:/NAME/VERSION or runs:/RUN; by default the champion")
    ] = None,
) -> None:
    """Score the songs that are new in a folder into data/scores, and measure their drift."""
    from components.config import params
    from components.core.console import quiet
    from components.serving import batch_score
    from flows import score as score_artifacts

    score_artifacts.check(threshold=threshold, window=window)
    with quiet() as stderr:
        scored = batch_score.run(
            folder,
            params=params.load(),
            model=model,
            window=window,
            root=ROOT,
            tell=lambda line: print(line, file=stderr, flush=True),
        )
    print(score_artifacts.text(scored, folder=str(folder), threshold=threshold))
    raise typer.Exit(1 if score_artifacts.faults(scored) else 0)


@app.command()
def reproduce(
    data: Annotated[
        Path | None, typer.Option(help="Where GTZAN's audio, pictures and tables lie; by default data/raw")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(help="Experiments, models or groups by comma; kfold: all folds of every model"),
    ] = None,
    budget: Annotated[str, typer.Option(help="quick: two folds or seeds; full: five")] = "full",
    search: Annotated[bool, typer.Option("--search", help="Search each model before its fit: hours")] = False,
    force: Annotated[bool, typer.Option("--force", help="Run again what is up to date")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="Say what would be run, and stop")] = False,
) -> None:
    """Run the study's models and findings on the data that is there: data/study/index.html."""
    from flows import reproduce as study
    from flows import reproduce as wish

    asked = wish.Wish(
        data=data, only=tuple(only.split(",")) if only else (), budget=budget, search=search, force=force
    )
    if list_only:
        for line in wish.preview(asked, root=Path.cwd()):
            print(line)
        return
    raise typer.Exit(study.run(asked))


if __name__ == "__main__":
    main()
