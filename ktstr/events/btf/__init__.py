"""BTF, the BPF Type Format: reading it, and decoding values with it. Pure functions over bytes."""
