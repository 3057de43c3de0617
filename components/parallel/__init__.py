"""Work side by side: in threads and processes here, or on the workers of a Dask cluster."""
