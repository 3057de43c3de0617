"""Tracks into feature files.

Functions here and features take ``params``, the checked ``params.yaml``, and ``root``, the data folder; relative
paths of ``corpus.sources`` start from the folder that holds it.
"""
