"""Schedulers of the scx project, declared from a checkout of it."""
