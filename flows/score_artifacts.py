"""What a scoring run leaves to read: a line, a table of genres, and a page on drift. Plain data, without Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components import drift
from components.errors import ParamsError
from components.watched_folder import Scored


def check(*, threshold: float, window: int) -> None:
    """Refuse settings that could never or always raise the alarm.

    Parameters
    ----------
    threshold, window : float, int
        As of :func:`score`.

    Raises
    ------
    ParamsError
        If one is out of its range.
    """
    if not 0 < threshold <= 1:
        raise ParamsError(f"threshold is {threshold}; valid: above 0, at most 1")
    if window < 1:
        raise ParamsError(f"window is {window}; valid: 1 song or more")


def sentence(scored: Scored, *, folder: str) -> str:
    """Say in one line what a run did.

    Parameters
    ----------
    scored : Scored
        From :func:`components.watched_folder.run`.
    folder : str
        The watched folder.

    Returns
    -------
    str
        For the run's page and the terminal.
    """
    if not scored.model and not scored.unread:
        return f"{folder} holds no song"
    bad = faults(scored)
    good = len(scored.fresh) - (len(bad) - len(scored.unread))
    said = f"{scored.model}: {good} songs scored, {scored.known} known already"
    said += f", {len(bad)} could not be heard" if bad else ""
    return said + (f"; {share(scored.drift)}" if scored.drift else "")


def share(found: Mapping[str, Any]) -> str:
    """Say in words how far songs have drifted.

    Parameters
    ----------
    found : mapping
        :attr:`Scored.drift`.

    Returns
    -------
    str
        Without a full stop.
    """
    return (
        f"{found['share']:.0%} of the watched columns have drifted "
        f"({found['songs']} songs against {found['reference']} of the training)"
    )


def shares(scored: Scored) -> list[dict[str, Any]]:
    """Lay out songs by genre as a table.

    Parameters
    ----------
    scored : Scored
        From :func:`components.watched_folder.run`.

    Returns
    -------
    list of dict
        ``genre``, ``songs`` and ``share`` of this run, ``newest songs`` and ``newest share`` of the window; and
        each file that could not be heard, with its reason.
    """
    window = scored.drift.get("genres", {})
    rows: list[dict[str, Any]] = [
        {
            "genre": genre,
            "songs": scored.genres.get(genre, 0),
            "share": round(scored.genres.get(genre, 0) / max(sum(scored.genres.values()), 1), 3),
            "newest songs": window.get(genre, 0),
            "newest share": round(window.get(genre, 0) / max(sum(window.values()), 1), 3),
        }
        for genre in dict.fromkeys([*scored.genres, *window])
    ]
    return rows + [{"file": file, "reason": reason} for file, reason in faults(scored).items()]


def faults(scored: Scored) -> dict[str, str]:
    """Name the files of this run that could not be heard.

    Parameters
    ----------
    scored : Scored
        From :func:`components.watched_folder.run`.

    Returns
    -------
    dict of str to str
        The reason by file.
    """
    found = dict(scored.unread)
    if len(scored.fresh):
        bad = scored.fresh[scored.fresh["reason"] != ""]
        found |= dict(zip(bad["file"], bad["reason"], strict=True))
    return found


def text(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result for a terminal.

    Parameters
    ----------
    scored : Scored
        From :func:`components.watched_folder.run`.
    folder : str
        The folder.
    threshold : float
        Share of drifted columns, 0 to 1, that calls for training.

    Returns
    -------
    str
        A line a genre, a line a file that could not be heard, and what was done.
    """
    lines = [f"{songs:6}  {genre}" for genre, songs in scored.genres.items()]
    lines += [f"     -  {file}: {reason}" for file, reason in faults(scored).items()]
    lines.append(sentence(scored, folder=folder))
    if scored.drift and scored.drift["share"] >= threshold:
        lines.append(f"drift is above {threshold:.0%}: put labelled songs into the corpus, then `genre run`")
    if scored.model:
        lines.append(f"answers: {scored.scores}")
    return "\n".join(lines)


def markdown(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result as a page.

    Parameters
    ----------
    scored : Scored
        From :func:`components.watched_folder.run`.
    folder : str
        The watched folder.
    threshold : float
        From which drift is told.

    Returns
    -------
    str
        Markdown.
    """
    lines = [f"# {folder}", "", f"{sentence(scored, folder=folder)}.", ""]
    lines += [f"Champion: {scored.model}, {scored.uri}. Answers: `{scored.scores}`.", ""]
    if not scored.drift:
        return "\n".join([*lines, "Drift: not known; nothing was heard, or the model carries no reference."])
    above = "above" if scored.drift["share"] >= threshold else "below"
    lines += [
        "## Drift of what the model hears",
        "",
        f"{share(scored.drift)}, {above} the threshold of {threshold:.0%}. A column has drifted where the "
        "newest songs' distribution is both surely and considerably apart from the training's "
        f"(Kolmogorov-Smirnov distance of {drift.DISTANCE} or more, adjusted p below {drift.FALSE_SHARE}).",
        "",
        "| column | distance | p, adjusted | drifted |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['column']} | {row['distance']:.2f} | {row['p']:.2g} | {'yes' if row['drifted'] else 'no'} |"
        for row in scored.drift["columns"]
    ]
    return "\n".join(lines)
