"""Checks: what a run is judged by, a file each below `builtin/`, and the one judge."""
