"""A folder of audio or pictures, or a table, becomes one row a track: who it is and whether it can be used.

``run(source)`` is the stage ``corpus@SOURCE``; ``read(source)`` is what every later stage starts from.
"""

from components.corpus.listing import COLUMNS, describe, read, run, usable

__all__ = ["COLUMNS", "describe", "read", "run", "usable"]
