"""What every room may use: errors, atomic writes, processes, lineage, formatting."""
