"""What the host has: tools, their packages, and how to get the ones that lack."""
