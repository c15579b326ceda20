"""Instruments: what looks at a guest from outside, which the guest cannot feel."""
