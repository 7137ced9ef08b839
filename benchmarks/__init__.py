"""Benchmarks: both planes against a stock SimPy model of the same path, as ratios of one run."""
