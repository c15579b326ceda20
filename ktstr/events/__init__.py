"""Decoders of what a guest reports."""
