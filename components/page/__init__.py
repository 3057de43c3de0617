"""The web page of ``genre ui``: a song's spectrogram, and each model's genres over time."""
