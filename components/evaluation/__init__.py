"""How good predictions are: metrics, aggregation over segments, intervals and differences."""
