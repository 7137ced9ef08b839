"""Benchmarks: both engines against a stock SimPy model of the same path, as ratios of one run."""
