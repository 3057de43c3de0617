"""Features into fitted models: datasets, input pipeline, preprocessing, search and fit."""
