"""Journals: kept before a file changes, read again, each undone once."""

from __future__ import annotations

import pytest

from components.core.errors import TaggingError
from components.tagging import journal
from components.tagging.journal import Change, Journal

CHANGES = [
    Change("/music/é.mp3", "genre", (), ("Jazz", "Soul"), tagged=False),
    Change("/music/b.mp3", "genre", ("Rock",), ("Jazz",), tagged=True),
]


@pytest.fixture
def written(tmp_path):
    kept = Journal(tmp_path)
    for change in CHANGES:
        kept.add(change)
    kept.close()
    return kept.path


def test_what_is_added_is_read_again(written):
    assert journal.read(written) == CHANGES


def test_half_a_line_at_the_end_was_never_written_to_a_file(written):
    written.write_bytes(written.read_bytes()[:-5])
    assert journal.read(written) == CHANGES[:1]


def test_a_line_that_is_none_is_named(written):
    written.write_text("{}\n" + written.read_text())
    with pytest.raises(TaggingError, match="line 1"):
        journal.read(written)


def test_undone_ones_are_not_taken_again(tmp_path, written):
    later = Journal(tmp_path)
    later.add(CHANGES[0])
    later.close()
    assert journal.newest(tmp_path) == later.path
    journal.undone(later.path)
    assert journal.newest(tmp_path) == written
    journal.undone(written)
    with pytest.raises(TaggingError, match="nothing to undo"):
        journal.newest(tmp_path)


def test_a_run_without_changes_leaves_no_journal(tmp_path):
    Journal(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_one_run_at_a_time(tmp_path):
    with journal.locked(tmp_path), pytest.raises(TaggingError, match="another"), journal.locked(tmp_path):
        pass
