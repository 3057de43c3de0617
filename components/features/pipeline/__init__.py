"""Tracks into feature files: chunks, worker processes, cache and store."""
