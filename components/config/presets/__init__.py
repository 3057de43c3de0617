"""The shipped presets: each is ``base.yaml`` with its own file laid over it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.config.params import Params, parse
from components.core import atomic
from components.core.errors import ParamsError
from components.core.yaml_loader import explain

FOLDER = Path(__file__).parent
#: Blocks that a preset replaces as a whole; all others are merged key by key.
WHOLE = ("sources", "options", "fixed", "search", "start")
#: Blocks that hold whatever a workspace adds, by name.
OPEN = ("features", "models")


def names() -> list[str]:
    """List the presets by name, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "base")


def check(name: str) -> None:
    """Raise a ParamsError unless a preset has this name."""
    if name not in names():
        raise ParamsError(f"preset {name!r} is not known; valid: {', '.join(names())}")


def about(name: str) -> str:
    """Return the comment that a preset's file begins with."""
    first = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")


def compose(
    name: str,
    *,
    places: Mapping[str, str] | None = None,
    artists: str | None = None,
    labels: Mapping[str, Any] | None = None,
    vgg16: str | None = None,
    added: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Write out a preset in full, comments included.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    places : mapping of str to str, optional
        Where sources of the corpus lie, by name, instead of the preset's own folders. A preset's table of artists does
        not go with them; artists that the files' tags or a manifest name are kept apart.
    artists : str, optional
        A table of artists, which comes before these.
    labels : mapping, optional
        Keys of the first source that say where its genres are: ``labels``, ``manifest``, ``subset``, ``genres``,
        ``sha256``; those with a value.
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
        If there is no such preset or source, or an added block does not fit it.
    """
    check(name)
    document, overlay = _read(FOLDER / "base.yaml"), _read(FOLDER / f"{name}.yaml")
    only = overlay.pop("only", {})
    _lay_over(document, overlay)
    for kind in only.keys() & set(OPEN):
        document[kind] = {key: block for key, block in document[kind].items() if key in only[kind]}
    for model in document["models"].values() if "variants" in only else ():
        for variant in model["variants"].keys() - set(only["variants"]):
            del model["variants"][variant]
    for kind, blocks in (added or {}).items():
        document[kind].update(blocks)
    for source, path in (places or {}).items():
        _require_source(source, document["corpus"]["sources"], preset=name)
        document["corpus"]["sources"][source]["path"] = path
    first = next(iter(document["corpus"]["sources"].values()))
    first.update({key: value for key, value in (labels or {}).items() if value})
    published, split = document["corpus"]["published"], document["split"]
    if places:
        # Songs that no source reads any more need not be composed.
        read = {str(PurePosixPath(source["path"])) for source in document["corpus"]["sources"].values()}
        document["synthetic"] = {
            key: block for key, block in document["synthetic"].items() if f"data/raw/{key}" in read
        }
        published.pop("artists", None)
        if split["protocol"] == "track":
            split["protocol"] = "artist"
    if artists is not None:
        published["artists"], split["protocol"] = artists, "artist"
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


def _require_source(source: str, sources: Mapping[str, Any], *, preset: str) -> None:
    if source not in sources:
        raise ParamsError(f"preset {preset} has no source {source!r}; valid: {', '.join(sources)}")


def places(name: str, given: Sequence[str]) -> dict[str, str]:
    """Read what ``--corpus-path`` was given: ``PATH``, of the first source, or ``NAME=PATH``.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    given : sequence of str
        Each as on the command line. A path that exists may have an equals sign in it.

    Returns
    -------
    dict of str to str
        Paths by source.

    Raises
    ------
    ParamsError
        If there is no such preset or source, or a source is given twice.
    """
    sources = parse(compose(name)).corpus.sources
    found: dict[str, str] = {}
    for text in given:
        source, separator, path = text.partition("=")
        if not separator or (source not in sources and Path(text).exists()):
            source, path = next(iter(sources)), text
        _require_source(source, sources, preset=name)
        if found.setdefault(source, path) != path:
            raise ParamsError(f"source {source!r} has two paths, {found[source]!r} and {path!r}; valid: one")
    return found


def first_place(name: str) -> str:
    """Return where the first source of a preset lies."""
    return next(iter(parse(compose(name)).corpus.sources.values())).path


def use(
    name: str,
    *,
    target: Path = Path("params.yaml"),
    places: Mapping[str, str] | None = None,
    artists: str | None = None,
    labels: Mapping[str, Any] | None = None,
    vgg16: str | None = None,
) -> Params:
    """Write a preset to ``params.yaml``; features and models that were added there stay.

    Raises
    ------
    ParamsError
        As :func:`compose`, with nothing written; or if ``target`` is there and cannot be read as YAML.
    """
    text = compose(name, places=places, artists=artists, labels=labels, vgg16=vgg16, added=_added(target))
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
        raise ParamsError(
            f"{path} is not YAML ({explain(error)}); valid: mend it, or delete it first"
        ) from error
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
