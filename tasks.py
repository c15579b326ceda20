"""Invoke finds the tasks here; they are the ones that the package ships: see ktstr/tasks."""

from ktstr.tasks import ns

__all__ = ["ns"]
