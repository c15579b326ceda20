"""A shell in a guest: its files, its terminal, and the frames between host and guest."""
