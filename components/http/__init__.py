"""Predictions over HTTP: ``genre serve``."""
