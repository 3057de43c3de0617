"""The frames of ID3 tags as bytes, so that what is not changed stays what it was.

mutagen parses frames, translates them into its own version of ID3, and leaves out what that version has no name for.
Frames that it does not know it keeps as they are: here that is all of them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mutagen.id3 import ID3, BitPaddedInt, Frames, ID3NoHeaderError
from mutagen.id3._frames import Frames_2_2

from components.core.errors import TaggingError

#: Bytes of a frame's header in ID3v2.3 and 2.4: name, size, flags.
HEADER = 10
#: Bytes of zeros for mutagen to look for an ID3v1 tag in, where a tag is made in memory.
_ZEROS = bytes(256)
#: In a frame's second byte of flags, of ID3v2.4: its bytes are unsynchronised.
_UNSYNCHRONISED = 0x02


class _Opaque:
    """A frame that mutagen does not parse."""

    @classmethod
    def _fromData(cls, _header: Any, _flags: int, _content: bytes) -> Any:  # noqa: N802
        raise NotImplementedError


_OPAQUE = dict.fromkeys([*Frames, *Frames_2_2], _Opaque)


@dataclass(frozen=True)
class Tag:
    """An ID3v2 tag.

    Attributes
    ----------
    version : int
        3 or 4, of ID3v2; what is written as 3 where it was 2, or ID3v1 alone.
    frames : tuple of bytes
        Each with its header, in order.
    """

    version: int = 4
    frames: tuple[bytes, ...] = ()

    def with_field(self, key: str, frames: Sequence[bytes] = ()) -> Tag:
        """Put frames where those of a field are, or at the end where there are none."""
        mine = [self.key(frame) == key for frame in self.frames]
        at = mine.index(True) if any(mine) else len(mine)
        others = [frame for frame, is_mine in zip(self.frames, mine, strict=True) if not is_mine]
        return Tag(self.version, (*others[:at], *frames, *others[at:]))

    def field(self, key: str) -> Any:
        """Return mutagen's frame of a field, several of them merged; None without one."""
        own = [frame for frame in self.frames if self.key(frame) == key]
        return ID3(_file(self.version, own), translate=False).get(key) if own else None

    def key(self, frame: bytes) -> str:
        """Return a frame's name, with the description where several of that name differ by it: ``TXXX:mine``."""
        name = frame[:4].decode("ascii", "replace")
        if name.endswith("\0"):
            # Some write the names of 2.2 into 2.3.
            return _name_in_23(name[:3])
        if name != "TXXX":
            return name
        return next(iter(ID3(_file(self.version, [frame]), translate=False)), name)


def made(frame: Any, *, version: int) -> bytes:
    """Return the bytes of a frame of mutagen's."""
    tags = ID3()
    tags.add(frame)
    return _rendered(tags, version=version)[HEADER:]


def read(kind: type[ID3], path: Path) -> Tag | None:
    """Read a file's ID3v2 tag.

    Parameters
    ----------
    kind : type
        mutagen's class for where the tag is: :class:`mutagen.id3.ID3` at the file's start, others in a chunk.
    path : Path
        The file.

    Returns
    -------
    Tag, optional
        None where there is none.

    Raises
    ------
    TaggingError
        If it holds what could not be written again.
    """
    try:
        tag = _read(kind, path)
    except ID3NoHeaderError:
        return None
    if kind is ID3:
        _head(path)  # refuses a footer
    return tag


def oldest(path: Path) -> Tag:
    """Return the tag that an ID3v1 tag at a file's end becomes; without frames where there is none."""
    try:
        tags = ID3(path, translate=False, v2_version=3)
    except ID3NoHeaderError:
        return Tag()
    return _read(ID3, io.BytesIO(_rendered(tags, version=3)))


def write(kind: type[ID3], path: Path, tag: Tag) -> None:
    """Write a file's ID3v2 tag; what lies behind one at the start stays what it was, an ID3v1 tag among it."""
    tags = kind()
    tags.unknown_frames = list(tag.frames)
    tags._unknown_v2_version = tag.version
    if kind is not ID3:
        tags.save(path, v2_version=tag.version, v23_sep=None)
        return
    old = _head(path)
    _replace_head(path, old, _saved(tags, old, version=tag.version))


def delete(path: Path) -> None:
    """Remove the ID3v2 tag at a file's start."""
    _replace_head(path, _head(path), b"")


def _read(kind: type[ID3], source: Path | BinaryIO) -> Tag:
    tags = kind()
    tags.load(source, known_frames=_OPAQUE, translate=False, load_v1=False)
    version = tags.version[1]
    # Headers of frames without content are left out, and nothing else may be. What is unsynchronised as a whole, or has
    # an extended header, cannot be counted.
    lost = tags.size - HEADER - sum(map(len, tags.unknown_frames)) - tags._padding
    if lost % (6 if version == 2 else HEADER) and not tags.f_unsynch and not tags.f_extended:
        raise TaggingError("its ID3 tag holds frames without a valid name")
    if version == 2:
        return _upgraded(kind, source, names=[frame[:3].decode() for frame in tags.unknown_frames])
    unsynchronised = version == 4 and tags.f_unsynch
    frames = (_whole(frame, version=version, unsynchronised=unsynchronised) for frame in tags.unknown_frames)
    return Tag(version, tuple(frames))


def _whole(frame: bytes, *, version: int, unsynchronised: bool) -> bytes:
    """Return a frame with a header of its own: its size as the version writes it, its flags without the tag's."""
    size = len(frame) - HEADER
    flags = bytes([frame[8], frame[9] | _UNSYNCHRONISED]) if unsynchronised else frame[8:HEADER]
    return frame[:4] + BitPaddedInt.to_str(size, bits=7 if version == 4 else 8) + flags + frame[HEADER:]


def _upgraded(kind: type[ID3], source: Path | BinaryIO, *, names: Sequence[str]) -> Tag:
    """Return an ID3v2.2 tag as 2.3, under the names that each frame has there."""
    tags = kind()
    if not isinstance(source, Path):
        source.seek(0)
    tags.load(source, translate=False, load_v1=False)
    for picture in tags.getall("APIC"):
        # 2.2 names a format of three letters; "-->" is a link in both.
        picture.mime = {"PNG": "image/png", "JPG": "image/jpeg"}.get(picture.mime, picture.mime)
    lost = sorted({name for name in names if not tags.getall(_name_in_23(name))})
    if lost:
        raise TaggingError(f"its ID3v2.2 tag holds {', '.join(lost)}, which ID3v2.3 has no frame for")
    plain = ID3()
    for frame in tags.values():
        plain.add(frame)
    return _read(ID3, io.BytesIO(_rendered(plain, version=3)))


def _name_in_23(name: str) -> str:
    return str(Frames_2_2[name].__mro__[1].__name__) if name in Frames_2_2 else name


def _rendered(tags: ID3, *, version: int) -> bytes:
    return _saved(tags, b"", version=version, padding=lambda _: 0)


def _saved(tags: ID3, old: bytes, *, version: int, padding: Any = None) -> bytes:
    """Return a tag as mutagen writes it in the place of an old one."""
    file = io.BytesIO(old + _ZEROS)
    tags.save(file, v2_version=version, v23_sep=None, padding=padding)
    return file.getvalue()[: -len(_ZEROS)]


def _file(version: int, frames: Sequence[bytes]) -> BinaryIO:
    content = b"".join(frames)
    return io.BytesIO(b"ID3" + bytes([version, 0, 0]) + BitPaddedInt.to_str(len(content)) + content + _ZEROS)


def _head(path: Path) -> bytes:
    """Return the bytes of the tag at a file's start; none without one."""
    with path.open("rb") as file:
        head = file.read(HEADER)
        if not head.startswith(b"ID3"):
            return b""
        if head[5] & 0x10:
            raise TaggingError("its ID3 tag has a footer, which is not written")
        return head + file.read(BitPaddedInt(head[6:]))


def _replace_head(path: Path, old: bytes, new: bytes) -> None:
    with path.open("r+b") as file:
        if len(old) == len(new):
            file.write(new)
            return
        file.seek(len(old))
        rest = file.read()
        file.seek(0)
        file.write(new + rest)
        file.truncate()
