"""The commands of ``genre`` that start no flow.

Every command imports what it needs when it runs, so help comes at once. ``flows/cli.py`` adds the others.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from components.core.errors import GenreError, ParamsError
from components.study.cli import stages as study

#: The data folder, below the project's root.
ROOT = Path("data")
#: Headings of ``genre --help``.
COLLECTION, RUN, USE, STUDY, STAGES = "Collection", "Run", "Use a model", "Study", "Stages"
#: The commands in the order of ``genre --help``.
ORDER = [
    "download", "config", "run", "tune", "promote", "rollback", "mlflow-ui", "export", "predict", "tag", "evaluate",
    "score", "ui", "serve", "reproduce", "stage",
]  # fmt: skip


def place(text: str) -> Path:
    """Take a path of the command line; an empty one, as of a variable that is not set, is not the working folder."""
    if not text:
        raise ParamsError("a path is empty (''); valid: the path of a file or folder, . for this folder")
    return Path(text)


Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one")]


class InOrder(TyperGroup):
    """Commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in order."""
        return sorted(self.commands, key=ORDER.index)


app = typer.Typer(
    cls=InOrder,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Tune, train, compare and promote music-genre models, reproducibly.

    First steps: `genre run` runs the whole workflow on a small synthetic corpus; then `genre predict song.mp3`.
    """,
)
config = typer.Typer(no_args_is_help=True, help="Choose and check params.yaml, the settings of a run.")
stage = typer.Typer(
    no_args_is_help=True, help="Run one stage by hand; `genre run` and `dvc repro` call these in order."
)
app.add_typer(config, name="config", rich_help_panel=COLLECTION)
app.add_typer(stage, name="stage", rich_help_panel=STAGES)
stage.add_typer(study, name="study")


def _print_version(requested: bool) -> None:
    if requested:
        print(f"genre-workflow {version_of('genre-workflow')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit"),
    ] = False,
) -> None:
    """Take the options that come before a command."""


def _run(name: str, *given: str, **options: Any) -> Any:
    """Run ``components/stages/NAME.py`` on the project in the working directory."""
    from components.config import params
    from components.core import console
    from components.parallel import cluster

    cluster.address()
    stage = console.imported(f"components.stages.{name}")
    return stage.run(*given, params=params.load(), root=ROOT, **options)


@stage.command()
def synthesise(name: str) -> None:
    """Compose a synthetic corpus into data/raw/NAME."""
    _run("synthesise", name)


@stage.command()
def corpus(
    source: str,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all files again, also those that an earlier listing knows")
    ] = False,
) -> None:
    """List the tracks of one source (a key of corpus.sources) with what is wrong with each."""
    _run("corpus", source, verify=verify)


@stage.command()
def published(name: str) -> None:
    """Take over what others have published about the collection (artists or lists)."""
    from components.core.formatting import plural

    known = _run("published", name)
    what = {"artists": "artists", "lists": "parts"}[name]
    print(f"{name}: {plural(len(known), 'track')} named, {len(set(known.values()))} {what}")


@stage.command()
def split() -> None:
    """Split tracks and segments into train, validation and test."""
    from components.core.formatting import plural
    from components.splits import folds

    table = _run("split")
    counts = table[table["unit"] == "track"]["part"].value_counts()
    print(", ".join(f"{part}: {plural(counts.get(part, 0), 'track')}" for part in folds.PARTS))


@stage.command()
def features(name: str) -> None:
    """Extract one feature of every usable track."""
    _run("features", name)


@stage.command()
def validate(name: str) -> None:
    """Check one feature against its expectation suite."""
    _run("validate", name)


@stage.command()
def tune(model: str) -> None:
    """Search one model's hyperparameters; goes on where a killed search was."""
    from components import tracking

    best = _run("tune", model)
    _log(lambda: tracking.ensure_tuning_logged(model, root=ROOT))
    print(f"{model}: best trial {best.trial} with validation accuracy {best.score:.3f}")


@stage.command()
def train(model: str) -> None:
    """Train one model on its best hyperparameters and test it once."""
    from components.core import console

    packaging = console.imported("components.serving.packaging")
    metrics = _run("train", model)
    _log(lambda: packaging.ensure_logged(model, root=ROOT))
    segments, songs = metrics["test.segment_accuracy"], metrics["test.song_accuracy"]
    print(f"{model}: test segments {segments:.1%}, songs {songs:.1%}")


def _log(log: Callable[[], object]) -> None:
    """Log to MLflow; where its store fails, the stage has done its work all the same, and is not done again."""
    from components.core.errors import StoreError

    try:
        log()
    except StoreError as error:
        print(f"not logged yet: {error}", file=sys.stderr, flush=True)


@stage.command()
def ensemble() -> None:
    """Average the models of ensemble.members, and test the mean once: data/ensemble."""
    from components.config.params import ENSEMBLE
    from components.core import console

    packaging = console.imported("components.serving.packaging")
    if not (metrics := _run("ensemble")):
        print("ensemble.members is empty: no ensemble")
        return
    _log(lambda: packaging.ensure_logged(ENSEMBLE, root=ROOT))
    print(f"{ENSEMBLE}: test songs {metrics['test.song_accuracy']:.1%}")


@stage.command()
def compare() -> None:
    """Compare the trained models: data/report."""
    _run("compare")


@app.command(rich_help_panel=COLLECTION)
def download(
    name: Annotated[
        str, typer.Argument(help="gtzan-mini (100 tracks), gtzan (1,000 tracks) or gtzan-artists")
    ],
) -> None:
    """Download GTZAN, verified by checksums, into data/raw/NAME, and the table of its artists.

    Then: `genre config use gtzan-mini` and `genre run`.
    """
    from components.corpus import download

    download.run(name, root=ROOT)


@config.command()
def use(
    preset: Annotated[
        str, typer.Argument(help="demo, gtzan-mini, gtzan, ...; `genre config list` has them all")
    ],
    corpus_path: Annotated[
        list[str] | None,
        typer.Option(
            help="A folder (or CSV, or s3://BUCKET/FOLDER) that you have, instead of the preset's own; NAME=PATH for "
            "one of several",
            metavar="PATH|NAME=PATH",
        ),
    ] = None,
    artists: Annotated[
        str | None, typer.Option(help="A table of artists, who are then on one side of the split each")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Where genres are: folders (one a genre), tags (of each file), or a table with path and genre, "
            "such as FMA's tracks.csv",
            metavar="folders|tags|TABLE",
        ),
    ] = None,
    genres: Annotated[
        str | None,
        typer.Option(help="A CSV with spelling and genre, by which several spellings are one genre"),
    ] = None,
    subset: Annotated[str | None, typer.Option(help="Of FMA: small, medium or large")] = None,
    vgg16_weights: Annotated[
        str | None, typer.Option(help="A VGG16 weights file without top that you already have")
    ] = None,
) -> None:
    """Write params.yaml from a preset.

    Examples: `genre config use gtzan-mini --corpus-path ~/music/by-genre --artists ~/music/artists.csv`,
    `genre config use gtzan-small --corpus-path audio=~/songs --corpus-path clips=~/clips`,
    `genre config use gtzan-mini --corpus-path fma/fma_small --labels fma/fma_metadata/tracks.csv`
    """
    from components.config import presets
    from components.corpus import labels as labels_of_source
    from components.corpus import locations

    own = presets.places(preset, corpus_path or [])
    remote = [one for one in own.values() if locations.is_remote(one)]
    for one in remote:
        locations.check(one, key="--corpus-path")
    given = [("--corpus-path", one) for one in own.values() if one not in remote]
    for option, path in (*given, ("--artists", artists), ("--vgg16-weights", vgg16_weights)):
        if path is not None and not place(path).exists():
            raise ParamsError(f"{option} {path!r} does not exist; valid: a path on this machine")
    first = next(iter(own.values()), None) or presets.first_place(preset)
    named = labels_of_source.settings(labels, genres=genres, subset=subset, place=first)
    written = presets.use(preset, places=own, artists=artists, labels=named, vgg16=vgg16_weights)
    places = ", ".join(f"{source} in {block.path}" for source, block in written.corpus.sources.items())
    print(f"params.yaml is now preset {preset}: {places}; models {', '.join(written.models)}")
    if own and "artists" not in written.corpus.published:
        print(
            f"split.protocol is {written.split.protocol}: artists and albums that tags or a manifest name stay on one "
            "side of the split; --artists TABLE names them where these do not"
        )


@config.command(name="list")
def list_presets() -> None:
    """List the presets."""
    from components.config import presets

    for name in presets.names():
        print(f"{name}: {presets.about(name)}")


@config.command()
def check() -> None:
    """Check params.yaml in full, without running anything."""
    from components.config import params
    from components.stages.preflight import check_all

    check_all(params.load())
    print("params.yaml is valid")


@app.command(rich_help_panel=RUN)
def promote() -> None:
    """Make the best compared model champion if it passes every criterion; print each criterion.

    `genre run` does this at its end.
    """
    from components.config import params
    from components.registry import promote as registry

    decision = registry.promote(params=params.load(), root=ROOT)
    for one in decision.criteria:
        print(f"{'yes' if one.met else 'no ':3}  {one.name}: {one.reason}")
    print(decision.reason)


@app.command(rich_help_panel=RUN)
def rollback(version: Annotated[str, typer.Argument(help="A registered version, such as 3")]) -> None:
    """Make an earlier version champion again."""
    from components.config import params
    from components.registry import promote as registry

    print(registry.rollback(version, params=params.load()))


@app.command(rich_help_panel=USE)
def predict(
    songs: Annotated[list[Path], typer.Argument(parser=place, help="Audio files, and folders of them")],
    model: Annotated[
        str | None,
        typer.Option(
            help="A trained model's name (mlp), models:/NAME/VERSION or runs:/RUN; by default the champion"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="The genre of each segment too")] = False,
) -> None:
    """Predict the genre of songs. Exit status 1 if any of them has no genre.

    Examples: `genre predict song.mp3`, `genre predict songs/ --model lstm --csv > genres.csv`
    """
    form = _form(as_json=as_json, as_csv=as_csv)
    from components.parallel import cluster
    from components.serving import output

    cluster.address()
    raise typer.Exit(output.run(songs, model=model, form=form, timeline=timeline))


def _given(context: typer.Context) -> list[str]:
    """Return the arguments and options that a command line names."""
    sources = {one: context.get_parameter_source(one.name or "") for one in context.command.params}
    return [one.opts[0] for one, source in sources.items() if source and source.name == "COMMANDLINE"]


def _form(*, as_json: bool, as_csv: bool) -> str:
    if as_json and as_csv:
        raise ParamsError("--json and --csv exclude each other; valid: one of them")
    return "json" if as_json else "csv" if as_csv else "table"


@app.command(rich_help_panel=USE)
def tag(
    context: typer.Context,
    songs: Annotated[
        list[Path] | None,
        typer.Argument(parser=place, help="Audio files, and folders of them"),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the proposed genres into the files")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what the last --write wrote; again, the one before")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite/--only-missing", help="Propose for files that have a genre too, or not"),
    ] = False,
    min_confidence: Annotated[
        float, typer.Option(help="Probability from 0 to 1 below which nothing is proposed")
    ] = 0.0,
    include_unsure: Annotated[
        bool, typer.Option("--include-unsure", help="Propose for songs that the model is unsure of, too")
    ] = False,
    several: Annotated[
        int, typer.Option(help="Genres a file at most; the further ones above chance", metavar="N")
    ] = 1,
    to: Annotated[
        str, typer.Option(help="The field: genre, grouping, mood, or a name of your own", metavar="FIELD")
    ] = "genre",
    playlists: Annotated[
        Path | None, typer.Option(parser=place, metavar="PATH", help="Write an M3U8 a genre into this folder")
    ] = None,
    model: Annotated[str | None, typer.Option(help="As of `genre predict`; by default the champion")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output")] = False,
) -> None:
    """Propose genres for songs beside those in their tags; nothing is written without --write.

    Exit status 1 if a file could not be decoded or written.

    Examples: `genre tag ~/Music`, `genre tag ~/Music --write --min-confidence 0.7`, `genre tag --undo`
    """
    form = _form(as_json=as_json, as_csv=as_csv)
    from components.parallel import cluster
    from components.tagging import command
    from components.tagging.propose import Choice

    cluster.address()
    if undo:
        if more := [name for name in _given(context) if name != "--undo"]:
            raise ParamsError(
                f"--undo takes nothing else (given: {', '.join(more)}); valid: genre tag --undo"
            )
        raise typer.Exit(command.undo(root=ROOT))
    if not songs:
        raise ParamsError("genre tag needs songs; valid: audio files, folders of them, or --undo")
    choice = Choice(
        field=to, overwrite=overwrite, min_confidence=min_confidence, several=several, unsure=include_unsure
    )
    raise typer.Exit(
        command.run(songs, choice=choice, write=write, model=model, form=form, lists=playlists, root=ROOT)
    )


@app.command(rich_help_panel=USE)
def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(parser=place, help="Labelled music: one subfolder a genre, or a manifest"),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A trained model's name (mlp), models:/NAME/VERSION or runs:/RUN; may be given several times. "
            "By default the champion"
        ),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            help="folders, tags, or a manifest: CSV or Parquet with path, genre and perhaps artist, album, title"
        ),
    ] = "folders",
    artists: Annotated[
        Path | None,
        typer.Option(
            parser=place,
            metavar="PATH",
            help="A table of 'file ::: artist ::: title'; else manifest and tags name artists",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many songs a genre, drawn by the seed")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=place, metavar="PATH", help="Folder of page and tables; else data/evaluations/NAME"
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", parser=place, metavar="PATH", help="Write the figures to this file too"),
    ] = None,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log a run a model to MLflow")] = True,
) -> None:
    """Score models on labelled music that they were not trained on; songs and artists of their training apart.

    Exit status 1 if any file was left out with a reason.

    Examples: `genre evaluate songs/`, `genre evaluate songs/ --model mlp --model lstm --artists artists.txt`
    """
    from components.external_evaluation import command
    from components.parallel import cluster

    cluster.address()
    raise typer.Exit(
        command.run(
            folder,
            models=model or [None],
            labels=labels,
            artists=artists,
            limit=limit,
            out=out,
            json_file=json_file,
            log=log,
            root=ROOT,
        )
    )


@app.command(rich_help_panel=USE)
def ui(port: Port = 7860) -> None:
    """Open the web page: drop a song and see its predicted genre over time, on loopback only."""
    from components.page import app as page

    page.serve(port=port)


@app.command(rich_help_panel=USE)
def serve(
    model: Annotated[
        str | None, typer.Option(help="As of `genre predict`; by default the champion, also when it changes")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; one that others reach needs GENRE_SERVE_API_KEY")
    ] = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve predictions over HTTP: POST songs to /predict; /docs describes it all.

    Limits are GENRE_SERVE_… variables: MAX_BYTES, MAX_SECONDS, MAX_SONGS, MAX_REQUESTS, SONG_TIMEOUT, WORKERS.
    """
    from components.http import command

    command.run(model=model, host=host, port=port)


@app.command(name="mlflow-ui", rich_help_panel=RUN)
def open_mlflow(port: Port = 5000) -> None:
    """Open MLflow's page of this workspace's runs and registered models, on loopback only."""
    from components.tracking import ui as mlflow_ui

    mlflow_ui.serve(port=port)


def main() -> None:
    """Run the app: an error that a person can act on is one line on standard error, and its exit status."""
    if sys.platform == "win32":
        print("genre: Windows runs it through WSL only; valid: Linux, macOS, or a WSL shell", file=sys.stderr)
        sys.exit(2)
    # Imports make a million objects that stay; looking through them for garbage every 700 costs a fifth of start-up.
    gc.set_threshold(50_000, 20, 10)
    # And at exit the interpreter would look through all of them thrice more: a second, where TensorFlow is imported.
    atexit.register(gc.freeze)
    # TensorFlow's own log is for its developers. A variable that is set wins.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # The C library's allocator: Arrow's own keeps what is freed, as much again as a large table.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # Here, since what it imports is not there on Windows.
    from components.core import devices

    devices.share_memory()
    # A name that is not UTF-8 is escaped, as JSON escapes it; standard error does so by itself.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(prog_name="genre", standalone_mode=False)
    except typer.TyperException as error:
        _show(error)
        sys.exit(2)
    except GenreError as error:
        _complain(str(error))
        sys.exit(error.exit_status)
    except OSError as error:
        # A full disk, a folder without permission: the place matters, not the line of code.
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or error}")
        sys.exit(1)
    sys.exit(status)


def _complain(message: str) -> None:
    """Print an error on one line, whatever the names in it hold."""
    from components.core.formatting import printable

    print(f"genre: {printable(message)}", file=sys.stderr)


def _show(error: Any) -> None:
    """Print what Typer says of arguments that it does not know, in one line as all else."""
    message = error.format_message()
    if not message:
        # No argument at all: the help has been printed.
        return
    if "\n" in message.strip():
        print(message, file=sys.stderr)
        return
    from pydantic import ValidationError

    # Typer leaves out the value itself.
    wrong = error.__cause__
    given = f" (given: {wrong.errors()[0]['input']!r})" if isinstance(wrong, ValidationError) else ""
    command = context.command_path if (context := error.ctx) else "genre"
    print(f"genre: {message.rstrip('.')}{given}; valid: see {command} --help", file=sys.stderr)
