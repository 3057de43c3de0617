"""A folder of audio or pictures, or a table, becomes one row a track: who it is and whether it can be used.

``run(source)`` is the stage ``corpus@SOURCE``; ``read(source)`` is what every later stage starts from.
"""
