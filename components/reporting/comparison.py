"""The comparison of the trained models: ``comparison.json`` as a typed record, and its table in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from humanize import natural_list
from pydantic import ValidationError

from components.config.params import Params
from components.config.strict import Strict
from components.core.errors import ComparisonError
from components.core.formatting import interval, percent, plural
from components.evaluation.diagnostics import Diagnosis
from components.evaluation.pair import Pair
from components.reporting.inputs import read_json
from components.splits import store as split_store
from components.splits.artists import Artists

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


class ComparedModel(Strict):
    """Figures of one model.

    Attributes
    ----------
    validation_songs, test_songs, test_segments : float
        Accuracies, 0 to 1; ``train_segments`` is that of the best epoch, None of an ensemble. Of validation songs those
        that headlines count, where they leave some out (:func:`components.evaluation.metrics.headline_key`).
    headline : float or None
        Accuracy on the test songs that headlines count, 0 to 1 (see :mod:`components.splits`); None without such songs.
    test_songs_interval, headline_interval : tuple of float
        95 % interval of ``test_songs`` and of ``headline``.
    balanced_accuracy, macro_f1 : float
        Of test songs, those that headlines count where they leave some out: each genre counts alike.
    validation, test : dict of str to float
        All figures of a part, from :func:`components.evaluation.metrics.evaluate`.
    seconds, tuning_seconds, peak_memory_mib, parameters, file_bytes
        Costs of training, of the search, and of the model.
    at_chance : bool
        Whether validation songs are no better than guessing, neither all together nor genre by genre.
    unnamed : list of str
        Genres that no validation or test song or segment is predicted as, though some are of them.
    marks : list of str
        To be shown wherever a figure of the model is; ``mark`` is the same in one cell.
    warnings : list of Diagnosis
        Of its learning curves and its search.
    """

    validation_songs: float
    test_songs: float
    test_songs_interval: tuple[float, float]
    headline: float | None
    headline_interval: tuple[float, float] | None
    test_segments: float
    balanced_accuracy: float
    macro_f1: float
    mark: str
    validation: dict[str, float]
    test: dict[str, float]
    feature: str
    unit: str
    untrained: bool
    at_chance: bool
    unnamed: list[str]
    marks: list[str]
    train_segments: float | None
    epochs: int
    trials: int
    seconds: float
    tuning_seconds: float
    peak_memory_mib: float
    parameters: int
    file_bytes: int | None
    warnings: list[Diagnosis]


class Comparison(Strict):
    """All models on the same test songs.

    Attributes
    ----------
    fingerprint : str
        Of the split; equal for all models.
    artists : str
        ``apart``, ``on both sides`` or ``unknown``.
    confounded : list of str
        Genres of too few artists to be in every part.
    headline_songs : int
        Test songs that headlines count.
    headline_genres : list of str
        Their genres, sorted.
    genres : list of str
        Sorted.
    chance : float
        Accuracy of always naming the largest genre: its share of the test songs, those that headlines count where they
        leave some out.
    balanced_genres : int
        Genres of these songs: balanced accuracy of guessing is one divided by it.
    songs : int
        Test songs.
    models : dict of str to ComparedModel
        In the order of ``params.yaml``.
    ranking : list of str
        Models by accuracy on validation songs, then log loss; ``best`` is the first: test never chooses.
    pairs : list of Pair
        From :func:`components.evaluation.significance.pairs`, on the songs that headlines count, where there are any.
    groups : list of list of str
        Largest sets of models of which no two can be told apart.
    left_out : dict of str to str
        Models that are not in the comparison, each with its reason.
    notes : list of str
        What a reader must know before any figure.
    """

    preset: str
    protocol: str
    leaky: bool
    artists: Artists
    confounded: list[str]
    headline_songs: int
    headline_genres: list[str]
    fingerprint: str
    seed: int
    genres: list[str]
    chance: float
    balanced_genres: int
    songs: int
    models: dict[str, ComparedModel]
    ranking: list[str]
    best: str
    pairs: list[Pair]
    groups: list[list[str]]
    left_out: dict[str, str]
    notes: list[str]

    def table(self) -> pd.DataFrame:
        """Return one row a model, best on validation first; figures of a part as ``part.metric``."""
        import pandas as pd

        rows = []
        for name in self.ranking:
            row = self.models[name].model_dump(
                exclude={"test_songs_interval", "headline_interval", "marks", "unnamed", "warnings"}
            )
            parts = {part: row.pop(part) for part in ("validation", "test")}
            low, high = self.models[name].test_songs_interval
            numbers = [warning.finding for warning in self.models[name].warnings]
            findings = ", ".join(str(number) for number in numbers if number is not None)
            rows.append(
                {"model": name, "best": name == self.best, "protocol": self.protocol, **row}
                | {"test_songs_low": low, "test_songs_high": high, "findings": findings}
                | {"unnamed": ", ".join(self.models[name].unnamed), **parts}
            )
        return pd.json_normalize(rows)

    @property
    def partial(self) -> bool:
        """Whether headlines leave some test songs out."""
        return self.headline_songs < self.songs

    @property
    def drawn(self) -> str:
        """What intervals draw: ``artists``, or ``songs`` where artists are unknown."""
        return "songs" if self.artists == "unknown" else "artists"

    def scope(self) -> str:
        """Return one sentence on which songs the headline counts."""
        if self.artists == "unknown":
            return (
                "Artists are unknown: songs of one artist may be on both sides, and every test song counts."
            )
        if not self.headline_songs:
            return "No test song counts for a headline: every artist is in another part, or unknown."
        counted = plural(self.headline_songs, "test song")
        sentence = f"The headline counts {counted} by artists in no other part, of {natural_list(self.headline_genres)}"
        if self.confounded:
            few = "has" if len(self.confounded) == 1 else "have"
            sentence += f"; {natural_list(self.confounded)} {few} too few artists (artist-confounded)"
        return sentence + "."

    def guessing(self) -> str:
        """Return one sentence on what the constant prediction reaches, with the best model's balanced accuracy."""
        row = self.models[self.best]
        return (
            f"Always naming the largest genre gives {percent(self.chance)}; with each genre counting alike the model "
            f"has {percent(row.balanced_accuracy)} and guessing {percent(1 / self.balanced_genres)} (balanced "
            "accuracy)."
        )

    def verdicts(self) -> list[str]:
        """Return one sentence for each group of models that cannot be told apart, or that all can."""
        songs = plural(self.headline_songs or self.songs, "test song")
        if len(self.ranking) < 2:
            return [f"Only one model, so there is nothing to tell apart on {songs}."]
        if not self.groups:
            return [f"On {songs} every model can be told from every other."]
        return [f"{natural_list(group)} cannot be told apart on {songs}." for group in self.groups]

    def rivals(self) -> str:
        """Return which models the best cannot be told from; '' for a single model."""
        if len(self.ranking) == 1:
            return ""
        equal = {frozenset((pair.left, pair.right)) for pair in self.pairs if not pair.apart}
        near = [name for name in self.ranking[1:] if {self.best, name} in equal]
        if not near:
            return "The test songs tell it from every other model."
        return f"The test songs cannot tell it from {natural_list(near)}."


def read(*, root: Path = Path("data")) -> Comparison:
    """Read ``report/comparison.json``.

    Raises
    ------
    ComparisonError
        If it is missing or damaged.
    """
    path = root / "report" / "comparison.json"
    if not path.is_file():
        raise ComparisonError(
            f"no comparison yet ({path} is missing): run `genre run` or `dvc repro compare`"
        )
    document = read_json(path, stage="compare")
    try:
        return Comparison.model_validate(document)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise ComparisonError(
            f"{path} is not a comparison ({key}: {error.errors()[0]['msg']}); run `dvc repro compare`"
        ) from error


def best(*, params: Params, root: Path = Path("data")) -> str:
    """Return the best of the compared models, by validation songs.

    Raises
    ------
    ComparisonError
        If there is no comparison, it was made on another split, or its best is not in the params.
    """
    found = read(root=root)
    split = split_store.record(root)
    if found.fingerprint != split.fingerprint:
        raise ComparisonError(
            f"{root / 'report' / 'comparison.json'} compares models of another split (fingerprint "
            f"{found.fingerprint[:12]}, now {split.fingerprint[:12]}); run `dvc repro compare`"
        )
    if found.best not in params.compared:
        raise ComparisonError(
            f"the comparison's best, {found.best!r}, is not in params.yaml; valid: {', '.join(params.compared)}; run "
            "`dvc repro compare`"
        )
    return found.best


def show(*, params: Params, root: Path = Path("data"), console: Console | None = None) -> None:
    """Print the comparison, what to know before reading it, and where the report is.

    Raises
    ------
    ComparisonError
        As :func:`best`.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console()
    best(params=params, root=root)
    found = read(root=root)
    title = f"{plural(len(found.ranking), 'model')} on {plural(found.songs, 'test song')}, "
    title += f"{plural(len(found.genres), 'genre')}, protocol {found.protocol}"
    # Text, never markup: names of models and genres come from files.
    table = Table(title=Text(title), title_justify="left", padding=(0, 1), box=box.SIMPLE)
    table.add_column("model", overflow="fold", min_width=13)
    # Percent, but for F1 and seconds; eighty columns hold the table.
    headings = ["valid.", "headline (95 %)", "all songs", "bal.", "F1", "train"]
    if not found.partial:
        headings[1:3] = ["test (95 %)"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("marks", overflow="fold", min_width=9)
    for name in found.ranking:
        row, first = found.models[name], name == found.best
        marks = [mark.split(":")[0] for mark in row.marks] + ["at chance"] * row.at_chance
        marks += [f"never {genre}" for genre in row.unnamed]
        figures = [f"{100 * row.test_songs:.1f} ({interval(row.test, 'song_accuracy')})"]
        if found.partial:
            figures = (
                [f"{100 * row.headline:.1f} ({interval(row.test, 'headline_accuracy')})"]
                if row.headline is not None
                else ["none"]
            )
            figures.append(f"{100 * row.test_songs:.1f}")
        table.add_row(
            Text(f"{name} ★" if first else name),
            f"{100 * row.validation_songs:.1f}",
            *figures,
            f"{100 * row.balanced_accuracy:.1f}",
            f"{row.macro_f1:.2f}",
            f"{row.seconds:.0f} s",
            Text(", ".join(marks)),
            style="bold" if first else "",
        )
    console.print(table)
    console.print(
        Text("★ best on validation songs. Songs by the mean of their segments, in percent; bal.: balanced.")
    )
    console.print(Text(found.guessing()))
    if found.artists != "unknown":
        console.print(Text(f"{found.scope()} Intervals draw artists."))
    for sentence in found.verdicts():
        console.print(Text(sentence))
    for note in found.notes:
        # The dagger is the report's mark; the table above has words instead.
        console.print(Text(f"Note: {note.removeprefix('† ')}", style="yellow"))
    console.print(Text(f"Report: {root / 'report' / 'index.html'}"))
