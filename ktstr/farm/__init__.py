"""Many machines as one: an executor whose jobs are run by the workers of a Dask scheduler."""
