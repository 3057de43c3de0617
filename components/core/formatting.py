"""Numbers and findings in words, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape


def percent(share: float) -> str:
    """Write a share as percent: 0.875 as ``87.5 %``.

    Parameters
    ----------
    share : float
        Within 0 and 1.

    Returns
    -------
    str
        One decimal, with a space before the sign.
    """
    return f"{100 * share:.1f} %"


def interval(figures: Mapping[str, float], *, metric: str) -> str:
    """Write an interval of shares in whole percent: ``62 to 94``.

    Parameters
    ----------
    figures : mapping of str to float
        Holds ``<metric>_low`` and ``<metric>_high``, within 0 and 1.
    metric : str
        The figure's name.

    Returns
    -------
    str
        Without the sign, which its heading gives.
    """
    return f"{100 * figures[f'{metric}_low']:.0f} to {100 * figures[f'{metric}_high']:.0f}"


def count(number: float) -> str:
    """Write a count in three figures: 1234567 as ``1.23 M``.

    Parameters
    ----------
    number : float
        0 or more.

    Returns
    -------
    str
        As it is below 1000, else with ``k``, ``M`` or ``G``.
    """
    return _scaled(number, step=1000, units=("", "k", "M", "G"))


def size(number: float) -> str:
    """Write a size in bytes: 1536 as ``1.5 KiB``.

    Parameters
    ----------
    number : float
        0 or more.

    Returns
    -------
    str
        In B, KiB, MiB or GiB.
    """
    return _scaled(number, step=1024, units=("B", "KiB", "MiB", "GiB"))


def _scaled(number: float, *, step: int, units: Sequence[str]) -> str:
    place = 0
    # What would be written as a whole step is written as one of the next unit.
    while number >= step - 0.5 and place < len(units) - 1:
        number /= step
        place += 1
    return f"{number:.3g} {units[place]}".strip() if number < 999.5 else f"{number:.0f} {units[place]}"


def duration(seconds: float) -> str:
    """Write a duration: 75 as ``1 min 15 s``.

    Parameters
    ----------
    seconds : float
        0 or more.

    Returns
    -------
    str
        In seconds below a minute, else in the two largest units.
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plural(number: int, noun: str) -> str:
    """Count something: ``1 song``, ``2 songs``.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        In the singular.

    Returns
    -------
    str
        The number and the noun.
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Join names: ``a``, ``a and b``, ``a, b and c``.

    Parameters
    ----------
    names : sequence of str
        One or more.

    Returns
    -------
    str
        The enumeration.
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def breakable(name: str) -> Markup:
    """Let a browser break a name after an underscore.

    Parameters
    ----------
    name : str
        Any name.

    Returns
    -------
    Markup
        The name, escaped.
    """
    return escape(name).replace("_", Markup("_<wbr>"))
