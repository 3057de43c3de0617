"""The embedded corpus: ten kinds of music composed by code, so that a clone runs with nothing to download.

Accuracies on it say that the workflow works; they mean nothing about music.
"""
