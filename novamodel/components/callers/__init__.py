"""What a caller does with an outcome: retry or not, after which delay, within which budget, behind which breaker.

A caller is whoever sends a call: people, a gateway, a service that calls another. Each part is a state of its own with
one row a policy (a call site or a traffic source).
"""
