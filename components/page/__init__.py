"""``genre ui``: a page on loopback. Play it a song; see the spectrogram, each model's timeline, and the verdict."""

from components.page.app import serve

__all__ = ["serve"]
