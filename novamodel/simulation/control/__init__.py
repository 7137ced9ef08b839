"""Everything slower than a request, as SimPy processes: pods, probes, autoscaler, scrapes, the interval table."""
