"""Measurements of what docs/benchmarks.md says, in one run: `make bench`."""
