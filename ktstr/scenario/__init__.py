"""Scenarios: data that says which cgroups exist, what runs in them and for how long."""
