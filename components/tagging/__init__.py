"""Genres written back to where people keep them: the tags of their files, with a journal that undoes it."""
