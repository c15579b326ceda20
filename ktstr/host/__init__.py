"""What the host has: tools, their packages, and how to install what is missing."""
