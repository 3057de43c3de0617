"""A listing in lines of text."""

from __future__ import annotations

from components.corpus import described, store
from components.corpus.discovery import Found
from components.corpus.store import Row


def test_what_is_left_out_damaged_repeated_and_known_is_said() -> None:
    rows = [Row(f"jazz/{n}", "jazz", f"{n}.wav", fault="silent") for n in range(described.SHOWN + 2)]
    rows += [
        Row(f"rock/{n}", "rock", f"{n}.mp3", sha256="ab" * 32, damage="bits missing", lost=0.5)
        for n in range(2)
    ]
    rows.append(Row("Rock/x", "Rock", "x.mp3", sha256="cd" * 32))
    listing = store.table(rows)
    said = described.lines(listing, source="audio", found=Found(store.Rows(), 3, ["Playlists"]), known=4)
    assert said[0] == "audio: 3 usable tracks of 2 genres, 22 left out"
    text = "\n".join(said)
    for line in (
        "left out: jazz/0: silent",
        "and 2 more",
        "byte for byte: 1 track",
        "genres of one name but for case: 'rock', 'Rock'",
        "rock/1: bits missing, 0.50 s lost",
    ):
        assert line in text, line
    for line in ("3 other files", "Playlists", "earlier listing: 4 files"):
        assert line in text, line
    assert len(described.lines(listing[:0], source="audio")) == 1
