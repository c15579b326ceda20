"""QEMU: the only place that knows it."""
