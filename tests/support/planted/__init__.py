"""Good features, and faults to plant in them."""
