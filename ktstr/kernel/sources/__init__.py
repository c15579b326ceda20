"""Kernel source code, ready to be built."""
