"""Bisection: the first kernel on which a test ends in another way, by the fewest runs."""
