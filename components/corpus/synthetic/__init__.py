"""The synthetic corpus: ten kinds of music composed by code, so that a clone runs with nothing to download.

Accuracies on it show that the workflow works; about music they show nothing.
"""
