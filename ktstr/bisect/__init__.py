"""Bisection: find the first kernel on which a test's verdict changes, in the fewest runs."""
