"""Model card: what a model is, its data, numbers and limits, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping

from humanize import natural_list

from components.core import formatting
from components.training.record import TrainingRecord

#: Characters; MLflow's store takes no longer description of a registered version.
LONGEST = 5000
#: Genres that are named as the weakest.
WEAKEST = 3
PROTOCOLS = {
    "track": "songs are kept whole: no song is on both sides",
    "segment": "leaky: segments of one song are on both sides, as in the study, so the numbers are too good",
    "fault_filtered": "the published fault-filtered lists; songs are kept whole",
}
#: Of what `genre download` fetches, by its folder.
GTZAN = (
    "GTZAN has no licence: its author gives no permission to copy, and the recordings belong to others. A "
    "model trained on it is for study; do not publish or sell it."
)


def card(record: TrainingRecord, *, metrics: Mapping[str, float], commit: str) -> str:
    """Write a trained model's card.

    Parameters
    ----------
    record : TrainingRecord
        The trained model's.
    metrics : mapping of str to float
        Of ``metrics.json``.
    commit : str
        The code's git commit; ``''`` where it is not known.

    Returns
    -------
    str
        Markdown, at most :data:`LONGEST` characters.
    """
    sections = {
        "What": _what(record),
        "Data": _data(record),
        "Numbers": _numbers(record, metrics),
        "Limits": _limits(record),
        "Licence of the data": licence(record),
        "Again": _again(record, commit=commit),
    }
    text = "\n\n".join(warnings(record) + [f"### {head}\n{body}" for head, body in sections.items()])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def warnings(record: TrainingRecord) -> list[str]:
    """List what limits every number of a model; nothing for real music and a trained encoder."""
    found = []
    if record.composed_songs:
        found.append(
            "Composed songs: trained and tested on the embedded corpus, whose genres are made by code: the "
            "accuracies mean nothing about music."
        )
    if record.untrained_encoder and (encoder := record.feature.pretrained):
        found.append(
            f"Untrained encoder: no weights of {encoder.encoder} were found, so a random one stands in: "
            "the numbers do not show what the real one can do."
        )
    if record.leaky:
        found.append("Leaky: segments of one song are on both sides of the split: the numbers are too good.")
    return found


def _what(record: TrainingRecord) -> str:
    feature, encoder = record.feature, record.feature.pretrained
    unit = "the whole track" if feature.unit == "track" else f"{record.params.segments.seconds:g} s"
    source = f"`{feature.feature}` of {unit}"
    if encoder:
        kind = "pretrained" if encoder.trained else "untrained"
        source += (
            f", from {kind} {encoder.encoder} ({encoder.origin}; licence of the weights: {encoder.licence})"
        )
    return (
        f"**{record.model}** (variant `{record.variant}`): predicts which of {len(record.genres)} genres a song is "
        f"({natural_list(record.genres)}). Takes {source}; {record.parameters:,} parameters. A song's genre "
        "has the highest mean probability over its segments. In: a file's bytes (WAV, FLAC, MP3, OGG, AIFF, AU; one "
        "second to an hour). Out: genre, a probability a genre, a timeline."
    )


def _data(record: TrainingRecord) -> str:
    sources = record.params.corpus.sources
    where = natural_list([f"{name} in `{source.path}`" for name, source in sources.items()])
    whole = (
        "all songs of an artist in one part"
        if record.artists_kept_whole
        else "artists may be in several parts"
    )
    held = formatting.plural(len(record.validation_tracks), "song")
    # A refitted model has seen the validation songs; its validation numbers are those of a first fit, which had not.
    how = f"{held} of them held back from the first fit, whose validation numbers these are"
    how = how if record.refit else f"stopped by {held}"
    return (
        f"Preset `{record.preset}`, {where}: fitted on {formatting.plural(len(record.train_tracks), 'song')}, "
        f"{how}. Protocol `{record.protocol}`: "
        f"{PROTOCOLS[record.protocol]}; {whole}. Split `{record.fingerprint[:12]}`; models may be "
        "compared only on the same one. The feature passed its Great Expectations suite before any fit."
    )


def _numbers(record: TrainingRecord, metrics: Mapping[str, float]) -> str:
    # A list, since MLflow's pages set tables without space between their columns.
    rows = []
    for part, role in (("validation", "chose it"), ("test", "read once, after the fit")):
        own = {key.partition(".")[2]: value for key, value in metrics.items() if key.startswith(f"{part}.")}
        rows.append(
            f"- **{part}** ({role}): {formatting.percent(own['song_accuracy'])} of {own['songs']:.0f} songs "
            f"({formatting.interval(own, 'song_accuracy')}), {formatting.percent(own['segment_accuracy'])} of "
            f"{own['segments']:.0f} segments ({formatting.interval(own, 'segment_accuracy')}), macro F1 "
            f"{own['macro_f1']:.2f}"
        )
    recalls = {genre: metrics.get(f"test.recall.{genre}") for genre in record.genres}
    known = {genre: recall for genre, recall in recalls.items() if recall is not None}
    weakest = sorted(known, key=lambda genre: known[genre])[:WEAKEST]
    weak = ", ".join(f"{genre} {100 * known[genre]:.0f} %" for genre in weakest)
    return "\n".join(
        [
            *rows,
            "",
            f"In brackets 95 % intervals, by bootstrap over songs; guessing gives {100 / len(record.genres):.0f} %. "
            f"Weakest genres on test songs (recall): {weak}.",
        ]
    )


def _limits(record: TrainingRecord) -> str:
    limits = [
        f"It always names one of its {len(record.genres)} genres, also for speech, silence or music of none of them.",
        "Its probabilities are of that choice, and sure predictions can be wrong.",
        "It knows the recordings of its corpus: other epochs, regions and productions may sound foreign; "
        "`genre score` measures how far new songs lie from those of the training.",
        *(f"Training warned: {warning}" for warning in record.warnings),
    ]
    return "\n".join(f"- {line}" for line in limits)


def licence(record: TrainingRecord) -> str:
    """Return the licence of the data a model was trained on."""
    if record.composed_songs:
        return "The songs are composed by this project's code and are under its licence (MIT)."
    paths = [source.path for source in record.params.corpus.sources.values()]
    if any("gtzan" in path.lower() for path in paths) or record.preset in ("gtzan-pictures", "gtzan-table"):
        return GTZAN
    return "The collection is the user's own; its licence is not known to this project. Ask its owner before sharing."


def _again(record: TrainingRecord, *, commit: str) -> str:
    steps = [f"git checkout {commit}"] if commit else []
    steps += [f"genre config use {record.preset}", f"genre run --model {record.model}"]
    return (
        "```\n" + "\n".join(steps) + "\n```\n"
        f"All choices are in `training/training.json` of the run (`params`, seed {record.seed}). The same weights "
        f"have SHA-256 `{record.weights_sha256[:16]}…`."
    )


def of_the_name(*, registered_model: str, composed: bool) -> str:
    """Describe a registered model as a whole; ``composed`` is of its newest version."""
    lines = [
        "Predicts the genre of a song. `@champion` is the version that serves; only promotion moves it: better than "
        "guessing, feature validated, better than the champion on the same validation songs, and able to load and "
        "predict. Each version's description is its card.",
        f"```\ngenre predict SONG\nmlflow models serve -m models:/{registered_model}@champion --env-manager local\n```",
    ]
    if composed:
        lines.append(
            "The newest version was trained on composed songs: its accuracies mean nothing about music."
        )
    return "\n\n".join(lines)
