"""The commands of ``genre`` that run no flow: a thin Typer app.

Every command imports what it needs when it runs, so help answers at once. ``flows/cli.py`` adds the others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from components.core.errors import GenreError, ParamsError
from components.study.cli import stages as study

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tune, train, compare and promote music-genre models.",
)
stage = typer.Typer(
    no_args_is_help=True, help="Run one stage by hand; `dvc repro` and `genre run` call these."
)
app.add_typer(stage, name="stage")
stage.add_typer(study, name="study")

ROOT = Path("data")


@stage.command()
def synthesise(name: str) -> None:
    """Compose an embedded corpus into data/raw/NAME."""
    from components.config import params
    from components.stages import synthesise as synthetic

    synthetic.run(name, params=params.load(), root=ROOT)


@stage.command()
def corpus(source: str) -> None:
    """List the tracks of one source (audio, pictures or table) with what is wrong with each."""
    from components.config import params
    from components.stages import corpus as corpus_module

    corpus_module.run(source, params=params.load(), root=ROOT)


@stage.command()
def published(name: str) -> None:
    """Take over what others have published about the collection (artists or lists)."""
    from components.config import params
    from components.stages import published as published_module

    known = published_module.run(name, params=params.load(), root=ROOT)
    print(f"{name}: {len(known)} tracks, {len(set(known.values()))} {name}")


@stage.command()
def split() -> None:
    """Deal tracks and segments into train, validation and test."""
    from components.config import params
    from components.splits import folds
    from components.stages import split as split_module

    table = split_module.run(params=params.load(), root=ROOT)
    counts = table[table["unit"] == "track"]["part"].value_counts()
    print(", ".join(f"{part}: {counts.get(part, 0)} tracks" for part in folds.PARTS))


@stage.command()
def features(name: str) -> None:
    """Extract one feature of every usable track."""
    from components.config import params
    from components.stages import features as extraction

    extraction.run(name, params=params.load(), root=ROOT)


@stage.command()
def validate(name: str) -> None:
    """Check one feature against its expectation suite."""
    from components.config import params
    from components.stages import validate as validation

    validation.run(name, params=params.load(), root=ROOT)


@stage.command()
def tune(model: str) -> None:
    """Search one model's hyperparameters; goes on where a killed search was."""
    from components import tracking
    from components.config import params
    from components.stages import tune as tuning

    checked = params.load()
    best = tuning.run(model, params=checked, root=ROOT)
    _remember(lambda: tracking.ensure_tuning_logged(model, root=ROOT))
    print(f"{model}: best trial {best['trial']} with validation accuracy {best['score']:.3f}")


@stage.command()
def train(model: str) -> None:
    """Train one model on its best hyperparameters and test it once."""
    from components import tracking
    from components.config import params
    from components.stages import train as training

    checked = params.load()
    metrics = training.run(model, params=checked, root=ROOT)
    _remember(lambda: tracking.ensure_logged(model, params=checked, root=ROOT))
    print(
        f"{model}: test segments {metrics['test.segment_accuracy']:.1%}, songs {metrics['test.song_accuracy']:.1%}"
    )


def _remember(log: Callable[[], object]) -> None:
    """Log to MLflow; where its store fails, the stage has done its work all the same, and is not done again."""
    from components.core.errors import StoreError

    try:
        log()
    except StoreError as error:
        print(f"not logged yet: {error}", file=sys.stderr, flush=True)


@stage.command()
def compare() -> None:
    """Lay the trained models side by side: data/report."""
    from components.config import params
    from components.stages import compare as comparison

    comparison.run(params=params.load(), root=ROOT)


@app.command()
def use(
    preset: Annotated[str, typer.Argument(help="demo, gtzan-mini, gtzan, ...; `genre presets` lists them")],
    corpus_path: Annotated[
        str | None, typer.Option(help="A folder (or CSV) that you already have, instead of the preset's own")
    ] = None,
    vgg16_weights: Annotated[
        str | None, typer.Option(help="A VGG16 weights file without top that you already have")
    ] = None,
) -> None:
    """Switch params.yaml to a shipped preset."""
    from components.config import presets

    for option, path in (("--corpus-path", corpus_path), ("--vgg16-weights", vgg16_weights)):
        if path is not None and not Path(path).exists():
            raise ParamsError(f"{option} {path!r} does not exist; valid: a path on this machine")
    written = presets.use(preset, corpus_path=corpus_path, vgg16=vgg16_weights)
    places = ", ".join(f"{source} in {block.path}" for source, block in written.corpus.sources.items())
    print(f"params.yaml is now preset {preset}: {places}; models {', '.join(written.models)}")


@app.command(name="presets")
def list_presets() -> None:
    """List the shipped presets."""
    from components.config import presets

    for name in presets.names():
        print(f"{name}: {presets.about(name)}")


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="gtzan-mini (100 tracks) or gtzan (1,000 tracks)")],
) -> None:
    """Download GTZAN through mirdata, with checksums, into data/raw/NAME."""
    from components.corpus import download

    download.run(name, root=ROOT)


@app.command()
def check() -> None:
    """Check params.yaml in full, without running anything."""
    from components.config import params
    from components.config.preflight import check_all

    check_all(params.load())
    print("params.yaml is valid")


@app.command()
def promote() -> None:
    """Let the best model challenge the champion; the gate says yes or no, and why."""
    from components.config import params
    from components.registry import promote as registry

    decision = registry.promote(params=params.load(), root=ROOT)
    for item in decision.checks:
        print(f"{'yes' if item.passed else 'no ':3}  {item.question}  {item.because}")
    print(decision.reason)


@app.command(name="roll-back")
def roll_back(version: Annotated[str, typer.Argument(help="A registered version")]) -> None:
    """Make an earlier version champion again."""
    from components.config import params
    from components.registry import promote as registry

    print(registry.roll_back(version, params=params.load()))


@app.command()
def predict(
    songs: Annotated[list[Path], typer.Argument(help="Audio files, and folders of them")],
    model: Annotated[
        str | None,
        typer.Option(
            help="models:/NAME/VERSION, runs:/RUN, or a trained model's name; by default the champion"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Each segment too")] = False,
) -> None:
    """Say the genre of songs. Ends with 1 if any of them could not be heard."""
    if as_json and as_csv:
        raise ParamsError("--json and --csv exclude each other; valid: one of them")
    from components.serving import output

    form = "json" if as_json else "csv" if as_csv else "table"
    raise typer.Exit(output.run(songs, model=model, form=form, timeline=timeline))


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on loopback; 0 for a free one")] = 7860) -> None:
    """Open the page: play it a song and see what the models say, on loopback only."""
    from components import page

    page.serve(port=port)


@app.command(name="mlflow-ui")
def open_mlflow(port: Annotated[int, typer.Option(help="Port on loopback")] = 5000) -> None:
    """Open the MLflow UI on this workspace's store, on loopback only."""
    from components.tracking import ui as mlflow_ui

    mlflow_ui.serve(port=port)


def main() -> None:
    """Run the app: a :class:`GenreError` is one line on standard error and its exit status."""
    # TensorFlow's own log is for its developers. A variable that is set wins.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        app()
    except GenreError as error:
        print(f"genre: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except OSError as error:
        # A full disk, a folder without permission: the place matters, not the line of code.
        place = f"{error.filename}: " if error.filename else ""
        print(f"genre: {place}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)
