"""The runs that were kept: their list, the import of others, the metrics in them, and what differs between two."""
