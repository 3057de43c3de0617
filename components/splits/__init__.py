"""Train, validation and test: which track and segment is in which, and the fingerprint that makes runs comparable.

Protocols
---------
``artist``
    All songs of an artist in one part, songs of an album (:mod:`components.splits.albums`), and all files of one
    recording: of equal bytes, of equal sound, or of nearly equal fingerprints. Stratified by genre. Where artists are
    unknown this is ``track``, and figures are marked so. A genre of fewer than
    :data:`components.splits.artists.MINIMUM` artists cannot be in every part that way: its songs are assigned one by
    one, it is *artist-confounded*, and headlines leave it out.
``track``
    Songs whole, and all files of one recording; an artist may be in several parts. Stratified by genre.
``segment``
    The study's: segments assigned at random, so that the segments of one song fall on both sides. *Leaky*, and
    marked so wherever its numbers are shown.
``fault_filtered``
    Published lists, see :mod:`components.corpus.published_metadata`.
``manifest``
    The column ``split`` of the manifests that label the songs (:mod:`components.corpus.manifest`). What repeats a song
    of a later part is left out.

``kfold`` of the study is ``artist`` or ``track`` with each ``split.fold`` in turn: every song is tested by one model
that was not trained on it. `genre reproduce` runs them.

A split table has the columns ``unit`` (``track`` or ``segment``), ``track``, ``segment`` (-1 for a whole track),
``genre``, ``part``, ``artist`` ('' where it is not known) and ``headline`` (bool), sorted by the first three.
``headline`` is True for a song whose genre is not artist-confounded and whose artist is known and in no earlier part
(for a test song train and validation, for a validation song train): the figures of those alone say how well a model
knows genres. Where most artists are unknown it is True for all.
"""
