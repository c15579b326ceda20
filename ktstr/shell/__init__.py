"""A shell in a guest: its files, its terminal, and what passes between the two."""
