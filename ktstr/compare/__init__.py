"""The runs that were kept: their list, and the import of others."""
