"""The basics that every room uses: errors, values, the cache, downloads, processes, topologies."""
