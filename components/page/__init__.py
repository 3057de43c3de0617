"""The web page of ``genre ui``: a song's spectrogram, and each model's genres over time."""

from components.page.app import serve

__all__ = ["serve"]
