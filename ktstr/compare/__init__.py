"""The runs that were kept: their list, the import of others, and the metrics in them."""
