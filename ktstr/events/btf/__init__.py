"""BTF, the BPF Type Format: reading it, and what the bytes of a value mean by it. Pure functions over bytes."""
