"""Numbers and names in words, alike in the terminal, the report and the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from markupsafe import Markup, escape


def percent(share: float) -> str:
    """Write a share of 0 to 1 as percent: ``0.875`` as ``87.5 %``."""
    return f"{100 * share:.1f} %"


def interval(figures: Mapping[str, float], metric: str) -> str:
    """Write an interval of shares, ``<metric>_low`` to ``<metric>_high``, in whole percent: ``62 to 94``."""
    return f"{100 * figures[f'{metric}_low']:.0f} to {100 * figures[f'{metric}_high']:.0f}"


def duration(seconds: float) -> str:
    """Write a duration in the symbols of SI: ``59.9 s``, ``1 min 15 s``, ``1 h 1 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def rough_duration(seconds: float) -> str:
    """Write a duration that is an estimate, in whole seconds: ``12 s``, ``1 min 15 s``."""
    return f"{seconds:.0f} s" if seconds < 59.5 else duration(max(seconds, 60.0))


def plural(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 song``, ``2 songs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def some(names: Collection[str], *, at_most: int = 8) -> str:
    """Write the first of many names: ``.wav, .flac and 48 others``."""
    shown, more = list(names)[:at_most], len(names) - at_most
    return ", ".join(shown) + (f" and {plural(more, 'other')}" if more > 0 else "")


def printable(text: str) -> str:
    """Write control characters, and bytes that are not UTF-8, as backslash escapes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def breakable(name: str) -> Markup:
    """Escape a name for HTML and let a browser break it after an underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))
