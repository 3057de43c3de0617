"""One source of the corpus in ``params.yaml``: where its files are, and where their genres are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from components.config.strict import Strict

#: What a source of the corpus holds.
Form = Literal["audio", "pictures", "table"]
#: Where the genre of a file is.
Labels = Literal["folders", "tags", "manifest"]


class SourceParams(Strict):
    """One folder or table of the collection.

    Attributes
    ----------
    path : str
        A folder with one subfolder a genre (audio, pictures) or a CSV file (table), absolute or relative to the
        project's root; or a folder's URL, ``s3://BUCKET/FOLDER``.
    form : str
        ``audio``, ``pictures`` or ``table``; by default the source's own name, where that is one of these.
    labels : str
        Where genres are: ``folders`` (one subfolder a genre), ``tags`` (of each audio file) or ``manifest``.
    manifest : str or None
        A table of files and genres (:mod:`components.corpus.manifest`): below the source's folder, or elsewhere.
    subset : str or None
        Of FMA's ``tracks.csv``: ``small``, ``medium`` or ``large``.
    genres : str or None
        A mapping file, by which several spellings are one genre (:mod:`components.corpus.spellings`).
    sha256 : dict of str to str
        Of ``manifest`` and ``genres`` that lie elsewhere than below the source's folder, where a change would go
        unseen.
    """

    path: str
    form: Form
    labels: Labels = "folders"
    manifest: str | None = None
    subset: Literal["small", "medium", "large"] | None = None
    genres: str | None = None
    sha256: dict[Literal["manifest", "genres"], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> SourceParams:
        if (self.labels == "manifest") != (self.manifest is not None):
            raise ValueError(
                f"labels is {self.labels!r} and manifest is {self.manifest!r}; valid: labels: manifest with the path "
                "of one, or neither"
            )
        if self.labels != "folders" and self.form == "table":
            raise ValueError(
                f"labels is {self.labels!r}; valid for a table: folders, as its rows have labels"
            )
        if self.labels == "tags" and self.form != "audio":
            raise ValueError("labels is 'tags'; valid for pictures: folders, manifest")
        if self.subset is not None and self.manifest is None:
            raise ValueError(
                f"subset is {self.subset!r}, and there is no manifest; valid: FMA's tracks.csv as one"
            )
        return self
