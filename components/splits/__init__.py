"""Tracks and segments into train, validation and test."""
