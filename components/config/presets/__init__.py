"""The shipped presets: each is ``base.yaml`` with its own file laid over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.config.params import Params, parse
from components.core import atomic
from components.core.errors import ParamsError

FOLDER = Path(__file__).parent
#: Blocks that a preset replaces as a whole; all others are merged key by key.
WHOLE = ("sources", "options", "search", "study", "start")


def names() -> list[str]:
    """List the presets.

    Returns
    -------
    list of str
        Names, sorted.
    """
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "base")


def about(name: str) -> str:
    """Return the comment a preset's file begins with."""
    first = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")


def _lay_over(base: Any, overlay: Any) -> None:
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict) and base[key] and key not in WHOLE:
            _lay_over(base[key], value)
        else:
            base[key] = value


def compose(name: str, *, corpus_path: str | None = None, vgg16: str | None = None) -> str:
    """Write out a preset in full, comments included.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    corpus_path : str, optional
        Where the corpus lies, instead of the preset's own folder.
    vgg16 : str, optional
        A weights file without top, instead of a download.

    Returns
    -------
    str
        YAML, checked.

    Raises
    ------
    ParamsError
        If there is no such preset, or ``corpus_path`` fits no source of it.
    """
    import io

    from ruamel.yaml import YAML

    if name not in names():
        raise ParamsError(f"preset {name!r} is not known; valid: {', '.join(names())}")
    yaml = YAML()
    yaml.width = 110
    # Without its quotes, text with colons is read by some YAML parsers (DVC's own) and refused by others.
    yaml.preserve_quotes = True
    document = yaml.load((FOLDER / "base.yaml").read_text(encoding="utf-8"))
    overlay = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    only = overlay.pop("only", None)
    _lay_over(document, overlay)
    if only:
        for kind in ("features", "models"):
            document[kind] = {key: block for key, block in document[kind].items() if key in only[kind]}
    if corpus_path is not None:
        sources = document["corpus"]["sources"]
        sources[next(iter(sources))]["path"] = corpus_path
    if vgg16 is not None:
        document["pretrained"]["vgg16"] = vgg16
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    text = buffer.getvalue()
    parse(text, origin=f"preset {name}")
    return text


def use(
    name: str,
    *,
    target: Path = Path("params.yaml"),
    corpus_path: str | None = None,
    vgg16: str | None = None,
) -> Params:
    """Write a preset to ``params.yaml``.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    target : Path
        The file to replace.
    corpus_path, vgg16 : str, optional
        Where the corpus and VGG16's weights lie.

    Returns
    -------
    Params
        What was written.

    Raises
    ------
    ParamsError
        As :func:`compose`.
    """
    text = compose(name, corpus_path=corpus_path, vgg16=vgg16)
    with atomic.replacing(target) as path:
        path.write_text(text, encoding="utf-8")
    return parse(text)
