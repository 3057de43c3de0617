"""Labelled music: genres by folder, tag and manifest, and artists by table, manifest and tag."""

from __future__ import annotations

from pathlib import Path

import mutagen.flac
import mutagen.wave
import pandas as pd
import pytest

from components.core.errors import CorpusError, EvaluationError, ParamsError
from components.corpus import tags as tags_of
from components.corpus.credits import same_artist
from components.external_evaluation import labels
from tests.support import fma
from tests.support.constant_model import song


def tagged(path: Path, **tags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    song(path, seconds=1.0)
    if path.suffix == ".wav":
        sound = mutagen.wave.WAVE(path)
        sound.add_tags()
        for key, value in tags.items():
            frame = tags_of.NAMES[key][1]
            sound.tags.add(getattr(mutagen.id3, frame)(encoding=3, text=[value]))
    else:
        sound = mutagen.flac.FLAC(path)
        sound.update(tags)
    sound.save()
    return path


class TestByFolder:
    def test_a_subfolder_is_a_genre_at_any_depth(self, tmp_path: Path) -> None:
        tagged(tmp_path / "jazz" / "deep" / "b.flac")
        tagged(tmp_path / "blues" / "a.wav")
        found = labels.read(tmp_path)
        assert [(one.name, one.genre) for one in found.songs] == [
            ("blues/a.wav", "blues"),
            ("jazz/deep/b.flac", "jazz"),
        ]
        assert (found.name, found.labels) == (tmp_path.name, "folders")

    def test_a_file_beside_the_genres_is_named(self, tmp_path: Path) -> None:
        tagged(tmp_path / "jazz" / "a.flac")
        tagged(tmp_path / "stray.flac")
        assert list(labels.read(tmp_path).left_out) == ["stray.flac"]

    def test_no_song_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(EvaluationError, match=r"valid: one subfolder a genre"):
            labels.read(tmp_path)

    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(EvaluationError, match="is not a folder; valid"):
            labels.read(tmp_path / "gone")


class TestByTags:
    @pytest.mark.parametrize("suffix", [".flac", ".wav"])
    def test_all_that_a_file_is_tagged_with(self, tmp_path: Path, suffix: str) -> None:
        tagged(tmp_path / f"a{suffix}", genre="Jazz", artist="Ann", album="One", title="Tune")
        (found,) = labels.read(tmp_path, labels="tags").songs
        assert (found.genre, found.artist, found.album, found.title) == ("Jazz", "Ann", "One", "Tune")

    def test_a_file_without_a_genre_or_tags_is_left_out_with_the_reason(self, tmp_path: Path) -> None:
        tagged(tmp_path / "a.flac", genre="Jazz")
        tagged(tmp_path / "b.flac", artist="Ann")
        (tmp_path / "c.flac").write_text("not audio")
        found = labels.read(tmp_path, labels="tags")
        assert len(found.songs) == 1
        assert found.left_out["b.flac"] == "has no genre tag"
        assert "tags cannot be read" in found.left_out["c.flac"]


class TestByManifest:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("a.flac", "b.flac"):
            tagged(tmp_path / "songs" / name)
        return tmp_path / "songs"

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_columns_that_are_there_are_taken(self, folder: Path, suffix: str) -> None:
        table = pd.DataFrame({"path": ["a.flac"], "genre": ["jazz"], "artist": ["None"], "year": [1959]})
        path = folder / f"list{suffix}"
        table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
        for found in (labels.read(path), labels.read(folder, labels=str(path))):
            (one,) = found.songs
            assert (one.genre, one.artist, one.album) == ("jazz", "None", "")
            assert (found.name, found.labels) == ("list", f"list{suffix}")

    def test_paths_are_relative_to_the_folder_or_else_to_the_manifest(self, folder: Path) -> None:
        path = folder.parent / "list.csv"
        path.write_text("path,genre\na.flac,jazz\nsongs/b.flac,rock\n")
        assert [one.name for one in labels.read(folder, labels=str(path)).songs] == ["a.flac", "songs/b.flac"]

    def test_of_fma_the_files_that_are_there(self, folder: Path) -> None:
        rows = [fma.Track(2, "Rock", "Ann"), fma.Track(1040, "Jazz", "Bo"), fma.Track(5, "Folk", "Cy")]
        table = fma.write(folder.parent / "tracks.csv", rows)
        for one in rows[:2]:
            tagged((folder / one.path).with_suffix(".flac")).rename(folder / one.path)
        for place in (folder, folder.parent):
            found = labels.read(place, labels=str(table))
            assert [(one.name, one.genre, one.artist) for one in found.songs] == [
                ("000/000002.mp3", "Rock", "Ann"),
                ("001/001040.mp3", "Jazz", "Bo"),
            ]
            assert found.left_out == {}

    def test_wrong_rows_are_named_by_their_line(self, folder: Path) -> None:
        path = folder / "list.csv"
        path.write_text("path,genre\na.flac,jazz\nb.flac,\n,rock\ngone.flac,rock\n./a.flac,rock\n")
        left_out = labels.read(path).left_out
        assert [name.removeprefix("list.csv, ")[:6] for name in left_out] == [
            "line 3",
            "line 4",
            "line 5",
            "line 6",
        ]
        assert list(left_out.values()) == [
            "genre is empty", "path is empty", "file not found", "was named before, by line 2",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("list.csv", "file,genre\n", "lacks column path; valid: columns path, genre"),
            ("list.csv", "", "it has none"),
            ("list.txt", "path,genre\n", "valid: folders, tags, or a manifest"),
            ("list.parquet", "no table", "cannot be read"),
        ],
    )
    def test_what_is_no_manifest(self, folder: Path, name: str, text: str, words: str) -> None:
        (folder / name).write_text(text)
        with pytest.raises((CorpusError, ParamsError), match=words):
            labels.read(folder, labels=str(folder / name))

    def test_a_table_of_another_country_and_system_is_read_as_the_listing_reads_it(
        self, folder: Path
    ) -> None:
        (folder / "x").mkdir()
        tagged(folder / "x" / "c.flac")
        path = folder / "list.csv"
        path.write_bytes("\ufeffPATH;Genre;Artist\r\n.\\x\\c.flac;R&B, Soul;Ann\r\n".encode())
        (found,) = labels.read(path).songs
        assert (found.name, found.genre, found.artist) == ("x/c.flac", "R&B, Soul", "Ann")


class TestArtists:
    def test_the_table_goes_before_tags_and_matches_the_names_of_a_collection(self, tmp_path: Path) -> None:
        for name in ("blues00000", "blues00001", "blues00002"):
            tagged(tmp_path / "music" / "blues" / f"{name}.flac", artist="Tag")
        table = tmp_path / "artists.txt"
        table.write_text("blues.00000.wav ::: Ann ::: Tune\nblues00001.flac ::: Bo\n")
        found = labels.read(tmp_path / "music", artists=table).songs
        assert [same_artist(one.artist) for one in found] == ["ann", "bo", "tag"]

    def test_a_table_that_does_not_exist(self, tmp_path: Path) -> None:
        tagged(tmp_path / "jazz" / "a.flac")
        with pytest.raises(ParamsError, match=r"--artists .*does not exist"):
            labels.read(tmp_path, artists=tmp_path / "gone.txt")
