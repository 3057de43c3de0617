"""The shipped presets: each is ``base.yaml`` with its own file laid over it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.config.params import Params, parse
from components.core import atomic
from components.core.errors import ParamsError

FOLDER = Path(__file__).parent
#: Blocks that a preset replaces as a whole; all others are merged key by key.
WHOLE = ("sources", "options", "fixed", "search", "start")
#: Blocks that hold whatever a workspace adds, by name.
OPEN = ("features", "models")


def names() -> list[str]:
    """List the presets by name, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "base")


def about(name: str) -> str:
    """Return the comment that a preset's file begins with."""
    first = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")


def compose(
    name: str,
    *,
    corpus_path: str | None = None,
    vgg16: str | None = None,
    added: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Write out a preset in full, comments included.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    corpus_path : str, optional
        Where the corpus lies, instead of the preset's own folder.
    vgg16 : str, optional
        A weights file without top, instead of a download.
    added : mapping, optional
        Further blocks of ``features`` and ``models``, by name.

    Returns
    -------
    str
        YAML, checked.

    Raises
    ------
    ParamsError
        If there is no such preset, or an added block does not fit it.
    """
    if name not in names():
        raise ParamsError(f"preset {name!r} is not known; valid: {', '.join(names())}")
    document, overlay = _read(FOLDER / "base.yaml"), _read(FOLDER / f"{name}.yaml")
    only = overlay.pop("only", {})
    _lay_over(document, overlay)
    for kind, kept in only.items():
        document[kind] = {key: block for key, block in document[kind].items() if key in kept}
    for kind, blocks in (added or {}).items():
        document[kind].update(blocks)
    if corpus_path is not None:
        sources = document["corpus"]["sources"]
        sources[next(iter(sources))]["path"] = corpus_path
    if vgg16 is not None:
        document["pretrained"]["vgg16"] = vgg16
    yaml = YAML()
    yaml.width = 110
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    text = buffer.getvalue()
    own = [f"{kind}.{key}" for kind, blocks in (added or {}).items() for key in blocks]
    parse(text, origin=f"preset {name}" + (f" with {', '.join(own)} of your own" if own else ""))
    return text


def use(
    name: str, *, target: Path = Path("params.yaml"), corpus_path: str | None = None, vgg16: str | None = None
) -> Params:
    """Write a preset to ``params.yaml``; features and models that were added there stay.

    Raises
    ------
    ParamsError
        As :func:`compose`, with nothing written; or if ``target`` is there and cannot be read as YAML.
    """
    text = compose(name, corpus_path=corpus_path, vgg16=vgg16, added=_added(target))
    with atomic.replacing(target) as path:
        path.write_text(text, encoding="utf-8")
    return parse(text)


def _added(path: Path) -> dict[str, dict[str, Any]]:
    """Read the blocks of a workspace's file that no preset ships."""
    if not path.exists():
        return {}
    try:
        document, shipped = _read(path), _read(FOLDER / "base.yaml")
    except (YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ParamsError(f"{path} is not YAML ({reason}); valid: mend it, or delete it first") from error
    found = {kind: document.get(kind) if isinstance(document, dict) else None for kind in OPEN}
    return {
        kind: {key: block for key, block in blocks.items() if key not in shipped[kind]}
        for kind, blocks in found.items()
        if isinstance(blocks, dict)
    }


def _read(path: Path) -> Any:
    return YAML().load(path.read_text(encoding="utf-8"))


def _lay_over(base: Any, overlay: Any) -> None:
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict) and base[key] and key not in WHOLE:
            _lay_over(base[key], value)
        else:
            base[key] = value
