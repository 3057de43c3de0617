"""Signal processing that reproduces librosa, faster."""
