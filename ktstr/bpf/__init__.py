"""BPF schedulers: their compilation for a kernel, and the loader that attaches them in the guest."""
