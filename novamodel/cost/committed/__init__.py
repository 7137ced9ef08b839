"""Commitments over a year, hour by hour: what they cost, which is best, what Spot instead of them would."""
