"""Where links of a collection may lead, and why they may not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from components.corpus import links
from components.corpus.links import Reach


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus" / "jazz"
    folder.mkdir(parents=True)
    (folder / "own.wav").touch()
    (tmp_path / "elsewhere.wav").touch()
    return folder


def link(folder: Path, target: Path | str) -> Path:
    made = folder / "link.wav"
    made.symlink_to(target)
    return made


def test_a_link_within_the_collection_is_followed(corpus: Path) -> None:
    assert Reach.of(corpus.parent).forbids(link(corpus, "own.wav")) == ""


def test_a_link_that_leads_out_names_the_option_that_follows_it(corpus: Path) -> None:
    made = link(corpus, "../../elsewhere.wav")
    assert links.REMEDY in Reach.of(corpus.parent).forbids(made)
    assert Reach.of(corpus.parent, follow_links=True).forbids(made) == ""


@pytest.mark.parametrize("follow_links", [False, True])
class TestNeverFollowed:
    def test_a_link_to_nothing(self, corpus: Path, follow_links: bool) -> None:
        reach = Reach.of(corpus.parent, follow_links=follow_links)
        assert "does not exist" in reach.forbids(link(corpus, "gone.wav"))
        assert "vanished" in reach.forbids(corpus / "gone.wav")

    def test_a_circle(self, corpus: Path, follow_links: bool) -> None:
        reach = Reach.of(corpus.parent, follow_links=follow_links)
        assert "circle" in reach.forbids(link(corpus, "link.wav"))

    def test_what_is_no_file(self, corpus: Path, follow_links: bool) -> None:
        os.mkfifo(corpus / "pipe.wav")
        reach = Reach.of(corpus.parent, follow_links=follow_links)
        assert "a pipe" in reach.forbids(link(corpus, "pipe.wav"))
        assert "a folder" in reach.forbids(corpus)


@pytest.mark.parametrize("follow_links", [True, False])
def test_a_device_is_named_as_one_wherever_links_may_lead(corpus: Path, follow_links: bool) -> None:
    reach = Reach.of(corpus.parent, follow_links=follow_links)
    assert "a device" in reach.forbids(link(corpus, "/dev/null"))
    assert "a device" in links.irregular(stat.S_IFBLK)


@pytest.mark.parametrize(("config", "cache"), [("", ".dvc/cache"), ("[cache]\n    dir = ../kept\n", "kept")])
def test_a_link_into_dvc_s_own_cache_is_the_collection_s(
    corpus: Path, tmp_path: Path, config: str, cache: str
) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(config)
    held = tmp_path / cache / "files" / "md5" / "ab" / "cd"
    held.parent.mkdir(parents=True)
    held.touch()
    assert Reach.of(corpus.parent).forbids(link(corpus, held)) == ""
    assert tmp_path / "elsewhere.wav" not in Reach.of(corpus.parent).folders
