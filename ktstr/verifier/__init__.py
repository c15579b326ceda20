"""The BPF verifier sweep: declared schedulers, on topology presets, on kernels; see docs/verifier.md."""
