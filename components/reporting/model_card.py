"""Model card: what a model is, its data, numbers and limits, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping

from humanize import natural_list

from components.reporting.environment import environment
from components.reporting.limits import LIMITS
from components.results.record import UNTRAINED, ModelRecord

#: Characters; MLflow's store takes no longer description of a registered version.
LONGEST = 5000
#: Genres that are named as the weakest.
WEAKEST = 3
PROTOCOLS = {
    "artist": "all songs of an artist are in one part",
    "track": "songs are kept whole: no song is on both sides",
    "segment": "leaky: segments of one song are on both sides, as in the study, so the numbers are too good",
    "fault_filtered": "the published fault-filtered lists; songs are kept whole",
    "manifest": "the parts that the manifests of the songs name; songs are kept whole",
}
#: Of what `genre download` fetches, by its folder.
GTZAN = (
    "GTZAN has no licence: its author gives no permission to copy, and the recordings belong to others. A "
    "model trained on it is for study; do not publish or sell it."
)


def card(record: ModelRecord, *, metrics: Mapping[str, float], commit: str) -> str:
    """Write a trained model's card.

    Parameters
    ----------
    record : ModelRecord
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
    sources = record.params.corpus.sources
    recalls = {genre: metrics.get(f"test.recall.{genre}") for genre in record.genres}
    known = [(genre, recall) for genre, recall in recalls.items() if recall is not None]
    text = (
        environment()
        .get_template("card.md")
        .render(
            record=record,
            warnings=warnings(record),
            places=[f"{name} in `{source.path}`" for name, source in sources.items()],
            protocol=PROTOCOLS[record.protocol],
            figures={
                part: {key.removeprefix(f"{part}."): value for key, value in metrics.items()}
                for part in ("validation", "test")
            },
            weakest=sorted(known, key=lambda pair: pair[1])[:WEAKEST],
            licence=licence(record),
            commit=commit,
        )
    )
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def warnings(record: ModelRecord) -> list[str]:
    """List what limits every number of a model; nothing for real music and a trained encoder."""
    untrained = [encoder.encoder for encoder in record.encoders if not encoder.trained]
    found = [
        f"{limit.title} ({natural_list(untrained)}): {limit.sentence}." if mark == UNTRAINED else str(limit)
        for mark, limit in LIMITS.items()
        if mark in record.marks
    ]
    if record.confounded:
        found.append(
            f"Artist-confounded: {natural_list(record.confounded)}, of too few artists to be in every part; headlines "
            "leave them out."
        )
    return found


def licence(record: ModelRecord) -> str:
    """Return the licence of the data a model was trained on."""
    if record.composed_songs:
        return "The songs are composed by this project's code and are under its licence (MIT)."
    paths = [source.path for source in record.params.corpus.sources.values()]
    if any("gtzan" in path.lower() for path in paths) or record.preset in ("gtzan-pictures", "gtzan-table"):
        return GTZAN
    return "The collection is the user's own; its licence is not known to this project. Ask its owner before sharing."


def of_the_name(*, registered_model: str, composed: bool) -> str:
    """Describe a registered model as a whole; ``composed`` is of its newest version."""
    template = environment().get_template("registered_model.md")
    return template.render(name=registered_model, composed=composed).strip()
