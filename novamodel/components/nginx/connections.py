"""The connections of an nginx worker, and the kernel's queue of those that it has not accepted.

After src/core/ngx_connection.c of release-1.22.1: each listening socket, the channel to the master, each client and
each connection to a server takes one of `worker_connections`. When a sixteenth or less is free, nginx closes idle
keep-alive connections before it takes the next: an eighth of them, one at least and 32 at most.
"""

from __future__ import annotations

MASTER_CHANNEL = 1
PROXIED = 2
"""Connections of a proxied request: its client's, and the one to the server."""


def request_connections(worker_connections: int, listeners: int) -> int:
    """Connections of a worker that requests may take."""
    return worker_connections - listeners - MASTER_CHANNEL


def drained(free: int, worker_connections: int, idle: int) -> int:
    """Idle keep-alive connections that are closed before the next connection is taken."""
    if free > worker_connections // 16 or idle == 0:
        return 0
    return max(1, min(32, idle // 8))


def connected_at_once(backlog: int, clients: int) -> int:
    """Clients whose connection the kernel completes while the worker accepts none: one more than `backlog`."""
    return min(clients, backlog + 1)
