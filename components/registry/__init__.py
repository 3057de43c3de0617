"""Which model serves: promotion, its criteria, and the smoke test of a candidate."""
