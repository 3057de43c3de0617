"""Train, validation and test: which track and segment is in which, and the fingerprint that makes runs comparable.

Protocols
---------
``track``
    Songs whole. Byte-identical files and, where an artist table is given, all songs of an artist stay on one
    side. Stratified by genre.
``segment``
    The study's: segments assigned at random, so that the segments of one song fall on both sides. *Leaky*, and
    marked so wherever its numbers are shown.
``fault_filtered``
    Published lists, see :mod:`components.corpus.published_metadata`.

``kfold`` of the study is ``track`` with each ``split.fold`` in turn: every song is tested by one model that was
not trained on it. `genre reproduce` runs them.

A split table has the columns ``unit`` (``track`` or ``segment``), ``track``, ``segment`` (-1 for a whole track),
``genre`` and ``part``, sorted by the first three.
"""
