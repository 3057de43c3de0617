"""What is known of a file's sound without decoding it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contents:
    """What was found.

    Attributes
    ----------
    seconds : float
        Length of the sound, what is damaged included; 0 where only decoding shows it.
    damaged : float
        Seconds of it that lie in bytes which are no frames.
    slack : float
        Seconds by which decoders differ where nothing is missing.
    several : bool
        Whether several streams of one kind follow each other.
    parts : tuple of int
        Where in the file others begin that one decoder does not go on to: of another sample rate, or with a header of
        their own.
    holes : bool
        Whether bytes in the middle are missing or overwritten.
    damage : str
        How, in words.
    share : float
        Share of the bytes that the header promises which are there, above 0 to 1.
    sizes : dict of int to bytes
        What sizes in a header must be, by their place in the file, where they are wrong.
    """

    seconds: float = 0.0
    damaged: float = 0.0
    slack: float = 0.0
    several: bool = False
    parts: tuple[int, ...] = ()
    holes: bool = False
    damage: str = ""
    share: float = 1.0
    sizes: dict[int, bytes] = field(default_factory=dict)


NOTHING_KNOWN = Contents()
#: Of what goes on after the end of a file's sound, and is neither a tag nor erased.
FOLLOWED = "followed by bytes that are not decoded"
