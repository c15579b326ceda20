"""The compilers and make of the host, and the build of a project."""
