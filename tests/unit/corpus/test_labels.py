"""Genres of a source's files: from tags or a manifest, merged by a mapping file, and FMA's numbered folders."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.config.sources import SourceParams
from components.core import hashing
from components.core.errors import CorpusError, ParamsError
from components.corpus import labels, store
from components.corpus.labels import Labels
from tests.support import fma

KEY = "corpus.sources.audio"


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"sound")
    return folder


def source(place: Path, **values: object) -> SourceParams:
    return SourceParams.model_validate({"path": str(place), "form": "audio", **values})


def found(named: Labels, place: Path, **more: bool) -> pd.DataFrame:
    rows = labels.files(named, place=str(place), key=f"{KEY}.path", suffixes=(".mp3", ".flac"), **more).rows
    return rows.table().set_index("path")


def measured(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of (path, tagged, artist) as the listing has them."""
    made = [
        store.Row(Path(path).stem, "", path, segments=1, sha256=path, tagged=tagged, artist=artist)
        for path, tagged, artist in rows
    ]
    return store.table(made)


def read(place: Path, **values: object) -> Labels:
    return labels.read(source(place, **values), place=str(place), key=KEY, root=place.parent / "data")


class TestTags:
    def test_tracks_are_found_at_any_depth_and_named_by_their_paths(self, tmp_path: Path) -> None:
        touched(tmp_path / "music", "a.mp3", "x/y/b.flac", "cover.jpg", ".git/c.mp3", "x/._b.flac")
        rows = found(Labels("tags"), tmp_path / "music")
        assert rows["track"].to_dict() == {"a.mp3": "a", "x/y/b.flac": "x/y/b"}
        assert (rows["stamp"] != "").all()

    def test_links_are_followed_where_they_may_be(self, tmp_path: Path) -> None:
        touched(tmp_path, "elsewhere/a.mp3", "music/b.mp3")
        (tmp_path / "music/c.mp3").symlink_to(tmp_path / "elsewhere/a.mp3")
        (tmp_path / "music/folder").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "music/circle").symlink_to(tmp_path / "music")
        faults = found(Labels("tags"), tmp_path / "music")["fault"]
        assert faults["b.mp3"] == "" and "corpus.follow_links" in faults["c.mp3"]
        assert "corpus.follow_links" in faults["folder"] and "corpus.follow_links" in faults["circle"]
        rows = found(Labels("tags"), tmp_path / "music", follow_links=True)
        assert sorted(rows.index) == ["b.mp3", "c.mp3", "folder/a.mp3"] and (rows["fault"] == "").all()

    @pytest.mark.parametrize("make", [True, False])
    def test_a_folder_without_a_track_is_refused(self, tmp_path: Path, make: bool) -> None:
        if make:
            touched(tmp_path / "music", "a.txt")
        with pytest.raises(CorpusError, match=r"corpus\.sources\.audio\.path"):
            found(Labels("tags"), tmp_path / "music")

    def test_the_genre_is_the_files_own_merged_by_the_mapping(self) -> None:
        named = Labels("tags", spellings={"hip hop": "rap", "podcast": ""})
        listing = measured(("a", "Hip Hop", ""), ("b", "rap", ""), ("c", "", ""), ("d", "Podcast", ""))
        listing = labels.apply(listing, labels=named, place="", least=0)
        assert listing["genre"].tolist()[:2] == ["rap", "rap"]
        assert listing["fault"].tolist()[:2] == ["", ""]
        assert listing["fault"][2] == "no genre tag" and "Podcast" in listing["fault"][3]
        assert listing["segments"].tolist() == [1, 1, 0, 0] and listing["sha256"][2] == ""

    def test_where_tags_cannot_be_read_the_reason_is_named(self) -> None:
        listing = measured(("a", "", ""), ("b", "Jazz", ""))
        listing["damage"] = "truncated; tags cannot be read (of a kind of their own)"
        listing = labels.apply(listing, labels=Labels("tags"), place="", least=0)
        assert listing["fault"].tolist() == ["no genre tag: tags cannot be read (of a kind of their own)", ""]

    def test_rare_genres_are_left_out_and_named(self) -> None:
        rows = [(f"{number}", "jazz", "") for number in range(3)] + [("x", "ska", "")]
        listing = labels.apply(measured(*rows), labels=Labels("tags"), place="", least=2)
        assert listing["fault"].tolist() == ["", "", "", "rare genre: ska, corpus.minimum_tracks is 2"]
        assert listing["genre"].tolist() == ["jazz"] * 3 + [""]


class TestManifest:
    @pytest.fixture
    def music(self, tmp_path: Path) -> Path:
        return touched(tmp_path / "music", "a.mp3", "x/b.ogg", "other.mp3")

    def write(self, path: Path, *rows: str, heading: str = "path,genre,artist,split") -> Path:
        path.write_text("\n".join([heading, *rows]) + "\n")
        return path

    def test_what_it_names_is_listed_and_what_is_not_there_is_named_by_line(self, music: Path) -> None:
        self.write(music / "m.csv", "a.mp3,jazz,Ann,train", f"{music}/x/b.ogg,rock,,test", "gone.mp3,jazz,,")
        named = read(music, labels="manifest", manifest="m.csv")
        rows = found(named, music)
        assert list(rows.index) == ["a.mp3", "x/b.ogg", "gone.mp3"]
        assert rows["fault"].tolist() == ["", "", "file not found: m.csv, line 4"]
        listing = measured(("a.mp3", "Pop", "Tagged"), ("x/b.ogg", "Pop", "Tagged"))
        listing = labels.apply(listing, labels=named, place=str(music), least=5)
        assert listing["genre"].tolist() == ["jazz", "rock"]
        # What the manifest leaves open the tags say.
        assert listing["artist"].tolist() == ["Ann", "Tagged"]
        assert listing["part"].tolist() == ["train", "test"]

    @pytest.mark.parametrize(
        ("first", "second", "named"),
        [
            ("a.mp3", "{music}/a.mp3", r"m\.csv, line 3: path '.*/a\.mp3' was named before, by line 2"),
            ("a.mp3", "/elsewhere/a.mp3", r"m\.csv, line 3: path '/elsewhere/a\.mp3' lies outside .*music"),
            ("a.mp3", "https://a.b/c.mp3", r"m\.csv, line 3: path 'https://a\.b/c\.mp3' lies outside"),
        ],
    )
    def test_a_file_named_twice_and_a_place_elsewhere_are_wrong_rows(
        self, music: Path, first: str, second: str, named: str
    ) -> None:
        self.write(music / "m.csv", f"{first},jazz,,", f"{second.format(music=music)},rock,,")
        with pytest.raises(CorpusError, match=named):
            found(read(music, labels="manifest", manifest="m.csv"), music, follow_links=True)

    def test_a_path_that_is_escaped_as_a_url_is_no_file(self, music: Path) -> None:
        touched(music, "a b.mp3")
        self.write(music / "m.csv", "a b.mp3,jazz,,", "a%20b.mp3,jazz,,")
        faults = found(read(music, labels="manifest", manifest="m.csv"), music)["fault"]
        assert faults.to_dict() == {"a b.mp3": "", "a%20b.mp3": "file not found: m.csv, line 3"}

    def test_one_of_other_files_is_refused(self, music: Path) -> None:
        self.write(music / "m.csv", "z.mp3,jazz,,")
        with pytest.raises(CorpusError, match=r"no file of m\.csv"):
            found(read(music, labels="manifest", manifest="m.csv"), music)

    def test_links_out_of_the_folder_are_not_followed(self, music: Path) -> None:
        (music / "c.mp3").symlink_to(touched(music.parent, "c.mp3") / "c.mp3")
        self.write(music / "m.csv", "a.mp3,jazz,,", "c.mp3,jazz,,")
        rows = found(read(music, labels="manifest", manifest="m.csv"), music)
        assert "link out of the corpus" in rows["fault"]["c.mp3"]

    def test_a_table_elsewhere_is_known_by_its_hash(self, music: Path) -> None:
        path = self.write(music.parent / "m.csv", "a.mp3,jazz,,")
        with pytest.raises(CorpusError, match="lies outside") as refused:
            read(music, labels="manifest", manifest=str(path))
        known = {"manifest": hashing.file(path)}
        assert known["manifest"] in str(refused.value)
        for given in (str(path), "m.csv"):
            assert read(music, labels="manifest", manifest=given, sha256=known).table is not None
        self.write(path, "a.mp3,rock,,")
        with pytest.raises(CorpusError, match="has changed"):
            labels.check(
                source(music, labels="manifest", manifest="m.csv", sha256=known),
                place=str(music),
                key=KEY,
                root=music.parent / "data",
            )
        with pytest.raises(CorpusError, match="does not exist"):
            read(music, labels="manifest", manifest="none.csv")

    @pytest.mark.parametrize("inside", [True, False])
    def test_settings_say_where_a_table_is(self, music: Path, inside: bool) -> None:
        path = self.write((music if inside else music.parent) / "m.csv", "a.mp3,jazz,,")
        made = labels.settings(str(path), genres=None, subset=None, place=str(music))
        assert made["labels"] == "manifest"
        assert made["manifest"] == ("m.csv" if inside else str(path)) and ("sha256" in made) is not inside
        assert read(music, **made).table is not None
        assert labels.settings("tags", genres=None, subset=None, place=str(music)) == {"labels": "tags"}
        with pytest.raises(ParamsError, match="valid: folders, tags, or a table"):
            labels.settings("nowhere.csv", genres=None, subset=None, place=str(music))

    def test_wrong_tables_are_refused_when_they_are_chosen(self, music: Path) -> None:
        rubbish = music.parent / "m.csv"
        rubbish.write_bytes(b"\x00\xff no table")
        for given in ({"labels": str(rubbish), "genres": None}, {"labels": "tags", "genres": str(rubbish)}):
            with pytest.raises(CorpusError, match=r"m\.csv"):
                labels.settings(**given, subset=None, place=str(music))


class TestFma:
    """``fma_small`` with its numbered folders, and ``fma_metadata/tracks.csv`` beside it."""

    TRACKS = (
        fma.Track(2, "Hip-Hop", "AWOL"),
        fma.Track(1040, "Rock", "Everyone", split="test"),
        fma.Track(140, "Folk", "Alec", "medium"),
    )

    @pytest.mark.parametrize("named", ["fma_small", "."])
    def test_its_folders_or_the_one_above_them_may_be_named(self, tmp_path: Path, named: str) -> None:
        touched(tmp_path / "fma_small", *(track.path for track in self.TRACKS[:2]))
        # What is left of a download that broke off.
        (tmp_path / "fma_large" / "000").mkdir(parents=True)
        path, place = fma.write(tmp_path / "fma_metadata/tracks.csv", self.TRACKS), tmp_path / named
        settings = labels.settings(str(path), genres=None, subset=None, place=str(place))
        rows = found(read(place, **settings), place)
        # Of the whole table, what is not there is of another subset.
        assert [Path(name).name for name in rows.index] == ["000002.mp3", "001040.mp3"]
        assert (rows["fault"] == "").all()
        listing = measured(*((name, "", "") for name in rows.index))
        listing = labels.apply(listing, labels=read(place, **settings), place=str(place), least=5)
        assert listing[["genre", "artist", "part"]].values.tolist() == [
            ["Hip-Hop", "AWOL", "train"],
            ["Rock", "Everyone", "test"],
        ]

    def test_of_a_subset_what_is_not_there_is_named(self, tmp_path: Path) -> None:
        touched(tmp_path / "fma_medium", *(track.path for track in self.TRACKS[:2]))
        path = fma.write(tmp_path / "tracks.csv", self.TRACKS)
        place = tmp_path / "fma_medium"
        settings = labels.settings(str(path), genres=None, subset="medium", place=str(place))
        assert "file not found" in found(read(place, **settings), place)["fault"]["000/000140.mp3"]
