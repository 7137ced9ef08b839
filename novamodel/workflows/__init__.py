"""Rooms composed: the whole answer, a month's use and bill, operations, comparison, report, a new study."""
