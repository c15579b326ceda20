"""Kernel images, ready to boot."""
