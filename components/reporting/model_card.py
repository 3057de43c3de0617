"""The card of a model: what it is, on what data, its numbers, its limits, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from components.core import formatting

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


def card(facts: Mapping[str, Any], *, metrics: Mapping[str, float], commit: str) -> str:
    """Write a trained model's card.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.
    metrics : mapping of str to float
        What ``metrics.json`` holds.
    commit : str
        The code's git commit; ``''`` where it is not known.

    Returns
    -------
    str
        Markdown, at most :data:`LONGEST` characters.
    """
    sections = {
        "What": _what(facts),
        "Data": _data(facts),
        "Numbers": _numbers(facts, metrics),
        "Limits": _limits(facts),
        "Licence of the data": licence(facts),
        "Again": _again(facts, commit=commit),
    }
    text = "\n\n".join(
        ["\n\n".join(warnings(facts))] + [f"### {head}\n{body}" for head, body in sections.items()]
    )
    text = text.strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def warnings(facts: Mapping[str, Any]) -> list[str]:
    """Say what must be known before any number of a model is read.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.

    Returns
    -------
    list of str
        Sentences in Markdown; none for a model of real music with a trained encoder.
    """
    said = []
    if synthetic(facts):
        said.append(
            "Composed songs: trained and tested on the embedded corpus, whose genres are made by code: the "
            "accuracies say nothing about music."
        )
    pretrained = facts["feature"].get("pretrained")
    if pretrained and not pretrained["trained"]:
        said.append(
            f"Untrained encoder: no weights of {pretrained['encoder']} were found, so a random one stands in: "
            "the numbers do not show what the real one can do."
        )
    if facts["leaky"]:
        said.append("Leaky: segments of one song are on both sides of the split: the numbers are too good.")
    return said


def synthetic(facts: Mapping[str, Any]) -> bool:
    """Say whether a model was trained on composed songs."""
    chosen = facts["params"]
    composed = {f"data/raw/{name}" for name in chosen.get("synthetic") or {}}
    return any(
        str(PurePosixPath(source["path"])) in composed for source in chosen["corpus"]["sources"].values()
    )


def _what(facts: Mapping[str, Any]) -> str:
    feature, pretrained = facts["feature"], facts["feature"].get("pretrained")
    unit = (
        "the whole track" if feature["unit"] == "track" else f"{facts['params']['segments']['seconds']:g} s"
    )
    heard = f"`{feature['feature']}` of {unit}"
    if pretrained:
        kind = "pretrained" if pretrained["trained"] else "untrained"
        heard += f", from {kind} {pretrained['encoder']} ({pretrained['origin']})"
    variant = f" (variant `{facts['variant']}`)" if "variant" in facts else ""
    return (
        f"**{facts['model']}**{variant}: says which of {len(facts['genres'])} genres a song is "
        f"({formatting.listed(facts['genres'])}). Hears {heard}; {facts['parameters']:,} parameters. A song's genre is "
        "the vote of its segments. In: a file's bytes (WAV, FLAC, MP3, OGG, AIFF, AU; one second to an hour). Out: "
        "genre, a probability a genre, a timeline."
    )


def _data(facts: Mapping[str, Any]) -> str:
    sources = facts["params"]["corpus"]["sources"]
    where = formatting.listed([f"{name} in `{source['path']}`" for name, source in sources.items()])
    held = formatting.plural(len(facts["validation_tracks"]), "song")
    # A refitted model has seen the validation songs; its validation numbers are those of a first fit, which had not.
    how = f"{held} of them held back from the first fit, whose validation numbers these are"
    how = how if facts.get("refit") else f"stopped by {held}"
    return (
        f"Preset `{facts['preset']}`, {where}: fitted on {formatting.plural(len(facts['train_tracks']), 'song')}, "
        f"{how}. Protocol `{facts['protocol']}`: "
        f"{PROTOCOLS.get(facts['protocol'], 'see docs')}. Split `{facts['fingerprint'][:12]}`; models may be "
        "compared only on the same one. The feature passed its Great Expectations suite before any fit."
    )


def _numbers(facts: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    # A list, since MLflow's pages set tables without space between their columns.
    rows = []
    for part, role in (("validation", "chose it"), ("test", "read once, after the fit")):
        own = {key.partition(".")[2]: value for key, value in metrics.items() if key.startswith(f"{part}.")}
        rows.append(
            f"- **{part}** ({role}): {formatting.percent(own['song_accuracy'])} of {own['songs']:.0f} songs "
            f"({formatting.interval(own, metric='song_accuracy')}), {formatting.percent(own['segment_accuracy'])} of "
            f"{own['segments']:.0f} segments ({formatting.interval(own, metric='segment_accuracy')}), macro F1 "
            f"{own['macro_f1']:.2f}"
        )
    recalls = {genre: metrics.get(f"test.recall.{genre}") for genre in facts["genres"]}
    known = {genre: recall for genre, recall in recalls.items() if recall is not None}
    weakest = sorted(known, key=lambda genre: known[genre])[:WEAKEST]
    said = ", ".join(f"{genre} {100 * known[genre]:.0f} %" for genre in weakest)
    return "\n".join(
        [
            *rows,
            "",
            f"In brackets 95 % intervals, by bootstrap over songs; guessing gives {100 / len(facts['genres']):.0f} %. "
            f"Weakest genres on test songs (recall): {said}.",
        ]
    )


def _limits(facts: Mapping[str, Any]) -> str:
    said = [
        f"It always names one of its {len(facts['genres'])} genres, also for speech, silence or music of none of them.",
        "Its probabilities are of that choice, and sure answers can be wrong.",
        "It knows the recordings of its corpus: other epochs, regions and productions may sound foreign; "
        "`genre score` measures how far new songs lie from those of the training.",
        *(f"Training warned: {warning}" for warning in facts.get("warnings", [])),
    ]
    return "\n".join(f"- {line}" for line in said)


def licence(facts: Mapping[str, Any]) -> str:
    """Say what may be done with the data a model was trained on.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.

    Returns
    -------
    str
        One or two sentences.
    """
    if synthetic(facts):
        return "The songs are composed by this project's code and are under its licence (MIT)."
    paths = [source["path"] for source in facts["params"]["corpus"]["sources"].values()]
    if any("gtzan" in path.lower() for path in paths) or facts["preset"] in ("gtzan-pictures", "gtzan-table"):
        return GTZAN
    return "The collection is the user's own; its licence is not known to this project. Ask its owner before sharing."


def _again(facts: Mapping[str, Any], *, commit: str) -> str:
    steps = [f"git checkout {commit}"] if commit else []
    steps += [f"genre config use {facts['preset']}", f"genre run --model {facts['model']}"]
    return (
        "```\n" + "\n".join(steps) + "\n```\n"
        f"All choices are in `training/training.json` of the run (`params`, seed {facts['seed']}). The same weights "
        f"have SHA-256 `{facts['weights_sha256'][:16]}…`."
    )


def of_the_name(*, registered_model: str, composed: bool) -> str:
    """Describe a registered model as a whole.

    Parameters
    ----------
    registered_model : str
        Its name.
    composed : bool
        Whether its newest version was trained on the embedded corpus.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "Says which genre a song is. `@champion` is the version that speaks; only the gate moves it: better than "
        "guessing, feature validated, better than the champion on the same validation songs, and able to load and "
        "answer. Each version's description is its card.",
        f"```\ngenre predict SONG\nmlflow models serve -m models:/{registered_model}@champion --env-manager local\n```",
    ]
    if composed:
        lines.append(
            "The newest version was trained on composed songs: its accuracies say nothing about music."
        )
    return "\n\n".join(lines)
