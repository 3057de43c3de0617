"""Models that predict: packaging, loading, prediction, output, batch scoring and drift."""
