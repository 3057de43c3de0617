"""``genre``: the commands of ``components/cli.py`` and those that run a flow. Prefect is imported when it runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from components.cli import ROOT, RUN, STUDY, USE, app, main, place

export = typer.Typer(no_args_is_help=True, help="Write the workflow for a platform of its own.")
app.add_typer(export, name="export", rich_help_panel=RUN)


@app.command(rich_help_panel=RUN)
def run(
    model: Annotated[
        list[str] | None,
        typer.Option(help="Only this model and what it reads; may be given several times. All by default"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run every stage, stale or not")] = False,
    only_stale: Annotated[
        bool, typer.Option("--only-stale", help="Run what is stale and promote nothing")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="A line for each epoch and each execution of a search too")
    ] = False,
) -> None:
    """Run the workflow: what is stale in DVC's order, then compare, then promote the best model if it passes.

    Examples: `genre run`, `genre run --model mlp --model lstm`
    """
    from components.config import params
    from components.core import progress
    from components.registry import promote
    from components.reporting import comparison
    from components.stages.preflight import check_all
    from flows.pipeline import graph
    from flows.process import workspace_lock

    if verbose:
        os.environ[progress.VERBOSE] = "1"
    stamp = workspace_lock.stamp(Path.cwd())
    # DVC takes a second and a half for it, in a process of its own: as long as all that is done here meanwhile.
    with graph.Reading(Path.cwd()) as reading:
        checked = params.load()
        check_all(checked)
        from flows import runner

        checked.check_compared(model or [])
        status = runner.run(
            force=force, models=model or None, only_stale=only_stale, reading=reading, stamp=stamp
        )
    if status == 0:
        comparison.show(params=checked, root=ROOT)
        print(promote.summary(params=checked))
        print("MLflow UI: genre mlflow-ui")
    raise typer.Exit(status)


@app.command(rich_help_panel=RUN)
def tune(
    model: Annotated[str, typer.Argument(help="A model of params.yaml")],
    trials: Annotated[
        int,
        typer.Option(help="Sets that its tuner is to propose, in all (max_trials); written to params.yaml"),
    ],
) -> None:
    """Add trials to a model's search; those that it has are not run again. `genre run` then trains on the best set.

    Example: `genre tune mlp --trials 50`
    """
    from flows import trials as more

    raise typer.Exit(more.add(trials, model=model))


@app.command(rich_help_panel=USE)
def score(
    folder: Annotated[
        Path,
        typer.Argument(parser=place, help="Searched at any depth; songs scored before are skipped"),
    ],
    threshold: Annotated[float, typer.Option(help="Share of drifted columns that calls for training")] = 0.5,
    window: Annotated[int, typer.Option(help="Songs, the newest, that drift is measured over")] = 200,
    model: Annotated[
        str | None, typer.Option(help="models:/NAME/VERSION or runs:/RUN; by default the champion")
    ] = None,
) -> None:
    """Predict the genre of a folder's new songs into data/scores, and measure their drift.

    Example: `genre score songs/ --threshold 0.3`
    """
    from components.config import params
    from components.core.console import quiet
    from components.parallel import cluster
    from components.serving import batch_score
    from flows import score as scoring

    cluster.address()
    scoring.check(threshold=threshold, window=window)
    with quiet() as stderr:
        scored = batch_score.run(
            folder,
            params=params.load(),
            model=model,
            window=window,
            root=ROOT,
            to=stderr,
        )
    print(scoring.terminal(scored, folder=str(folder), threshold=threshold))
    raise typer.Exit(1 if scoring.undecoded(scored) else 0)


@app.command(rich_help_panel=STUDY)
def reproduce(
    data: Annotated[
        Path | None,
        typer.Option(
            parser=place,
            metavar="PATH",
            help="Where GTZAN's audio, pictures and tables lie; by default data/raw",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="An experiment, a model, a group (model, ablation, side), or kfold: all folds of every model; "
            "may be given several times. All by default"
        ),
    ] = None,
    budget: Annotated[str, typer.Option(help="quick: two folds or seeds; full: five")] = "full",
    search: Annotated[bool, typer.Option("--search", help="Search each model before its fit: hours")] = False,
    force: Annotated[bool, typer.Option("--force", help="Run again what is up to date")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="List what would be run, and stop")] = False,
) -> None:
    """Run the published study's models and findings on the data that is there: data/study/index.html.

    Examples: `genre reproduce --list`, `genre reproduce --budget quick --only mlp --only lstm`
    """
    from components.study import plan
    from flows import runner

    options = plan.StudyOptions(data, tuple(only or ()), budget, search, force)
    if list_only:
        for line in plan.preview(options, root=Path.cwd()):
            print(line)
        return
    raise typer.Exit(runner.reproduce(options))


@export.command()
def kubeflow(
    out: Annotated[Path, typer.Option(parser=place, metavar="PATH", help="The file to write")] = Path(
        "pipeline.yaml"
    ),
    image: Annotated[
        str, typer.Option(help="The image of every component, as built from the Containerfile")
    ] = "localhost/genre-workflow",
    dvc_remote: Annotated[
        str | None,
        typer.Option(help="DVC's remote, as s3://BUCKET/FOLDER; by default the project's default remote"),
    ] = None,
    mlflow: Annotated[
        str | None, typer.Option(help="Address of the MLflow server; by default MLFLOW_TRACKING_URI")
    ] = None,
    secret: Annotated[
        str,
        typer.Option(
            help="The Kubernetes secret with the keys of bucket and server, such as AWS_ACCESS_KEY_ID"
        ),
    ] = "genre",
) -> None:
    """Write DVC's graph as a Kubeflow pipeline (v2): one component a stage, its data from DVC's remote and back.

    Example: `genre export kubeflow --dvc-remote s3://music/dvc --mlflow http://mlflow:5000`
    """
    from flows.export import kubeflow as exporting

    number = exporting.export(
        Path.cwd(), out=out, image=image, remote=dvc_remote, mlflow=mlflow, secret=secret
    )
    print(f"{out}: {number} components of {image}")


@export.command(hidden=True)
def component(
    stage: Annotated[str, typer.Argument(help="Its name in dvc.yaml")],
    params: Annotated[str, typer.Option(help="params.yaml as a JSON string")],
    remote: Annotated[str, typer.Option(help="URL of DVC's remote")],
    mlflow: Annotated[str, typer.Option(help="Address of MLflow")],
    out: Annotated[Path, typer.Option(help="Where its dvc.lock goes")],
    pull: Annotated[list[str] | None, typer.Option(help="A stage or .dvc file to pull")] = None,
    tracked: Annotated[str, typer.Option(help="The .dvc files by path, as JSON")] = "{}",
    lock: Annotated[list[Path] | None, typer.Option(help="The dvc.lock of a stage above")] = None,
) -> None:
    """Run a stage as a component of the exported pipeline: in a folder of its own, data from DVC's remote and back."""
    from flows.export import component as running

    running.run(
        stage,
        params=params,
        remote=remote,
        mlflow=mlflow,
        pull=pull or [],
        tracked=json.loads(tracked),
        locks=lock or [],
        out=out,
    )


if __name__ == "__main__":
    main()
