"""Data Docs that open without a network: Great Expectations' pages, with scripts and styles from beside them.

Great Expectations finds the classes of this file by name; it is imported by nothing else that runs in a stage.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from components.core import vega
from components.core.errors import GenreError, ValidationError

#: Our templates come before Great Expectations' of the same name.
TEMPLATES = Path(__file__).parent / "templates"
#: The folder beside the pages, and what lies there: files of the package Bootstrap-Flask.
ASSETS = "assets"
BOOTSTRAP = "flask_bootstrap"
FILES = ("css/bootstrap.min.css", "js/bootstrap.min.js", "jquery.min.js", "umd/popper.min.js")
#: Only for pages that hold a graph.
VEGA = "vega.js"


def site(folder: Path) -> dict[str, Any]:
    """Return the configuration of a site of pages in ``folder``."""
    view = {"module_name": __name__, "class_name": PageView.__name__}
    return {
        "module_name": __name__,
        "class_name": Site.__name__,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_section_builders": {name: {"view": view} for name in ("expectations", "validations")},
    }


class PageView(DefaultJinjaPageView):
    """A page of one suite, or of one suite's result, that loads nothing from elsewhere."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        assert self.env.loader is not None
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])


class Site(SiteBuilder):
    """The pages of one feature with their assets; the page that leads to them is not Great Expectations'."""

    def build(self, resource_identifiers: Any = None, build_index: bool = True) -> tuple[str, None]:
        """Draw the pages of all suites and results.

        Raises
        ------
        ValidationError
            If a page could not be drawn: Great Expectations logs that and goes on.
        """
        del build_index
        folder = Path(self.store_backend["base_directory"])
        for section in self.site_section_builders.values():
            section.build(resource_identifiers=resource_identifiers)
        pages = list(folder.rglob("*.html"))
        suites = len(self.data_context.suites.all())
        if len(pages) != 2 * suites:
            raise ValidationError(f"Great Expectations drew {len(pages)} of {2 * suites} pages of Data Docs")
        copy_assets(folder / ASSETS, graphs=any(VEGA in page.read_text(encoding="utf-8") for page in pages))
        return folder.as_uri(), None


def copy_assets(folder: Path, *, graphs: bool) -> None:
    """Copy scripts and styles, and their licences, from the installed packages to a new folder.

    Parameters
    ----------
    folder : Path
        Made here.
    graphs : bool
        Whether Vega is needed too.
    """
    # Without importing the package, which would import Flask.
    spec = importlib.util.find_spec(BOOTSTRAP)
    if spec is None or not spec.submodule_search_locations:
        raise GenreError("the package bootstrap-flask is missing; `make install` installs what is locked")
    static = Path(spec.submodule_search_locations[0]) / "static" / "bootstrap4"
    folder.mkdir()
    for name in FILES:
        shutil.copyfile(static / name, folder / Path(name).name)
    shutil.copyfile(TEMPLATES / "LICENSES.txt", folder / "LICENSES.txt")
    if graphs:
        (folder / VEGA).write_text(vega.script(), encoding="utf-8")
