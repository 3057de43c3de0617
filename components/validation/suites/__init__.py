"""Expectation suites, one file a feature."""
