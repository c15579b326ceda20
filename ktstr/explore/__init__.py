"""Exploring: many runs of one test, each with another interleaving of the guest's CPUs, to find the one that fails."""
