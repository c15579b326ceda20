"""The pytest plugin. Only `entry` and `options` are imported by every session; the rest once it holds tests of ours."""
