"""Archives that kernels come from: signed indexes, packages, unpacking."""
