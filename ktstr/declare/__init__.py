"""What an author wrote: schedulers, tests, presets, and finding them."""
