"""A recorded run under gdb: symbols, where it is to stop, and what gdb is told."""
