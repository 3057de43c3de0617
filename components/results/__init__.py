"""What a fitted model comes to: predictions, its temperature, the ensemble, checks against leaks and its record."""
