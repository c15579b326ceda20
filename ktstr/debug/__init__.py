"""A recorded run under gdb: symbols, where it stops, and the session."""
