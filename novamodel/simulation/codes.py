"""The words of the data plane: steps, operations, outcomes and the places where time goes."""

from __future__ import annotations

# Steps: what an event means. At one instant they happen in this order, and within a step by request number
# (or by number of the replica, pool or database server whose timer it is).
ARRIVE = 0  # the next request reaches the edge
ENTER = 1  # a request reaches a replica
BURST_DUE = 2  # a CPU burst of a replica may end
STEP_DONE = 3  # a cache command, a delay or a connection set-up has ended
STATEMENT_IN = 4  # a statement reaches PostgreSQL
STATEMENT_DUE = 5  # a statement on the cores of a database server may end
STATEMENT_DONE = 6  # its answer reaches the replica
POOL_TIMER = 7  # the first waiter of a replica's pool may time out
SERVER_TIMER = 8  # the first waiter of PgBouncer may time out

# Operations of a route.
CPU = 0  # burst on the event loop
THREAD = 1  # work on a libuv thread
CACHE = 2  # cache command; on a hit go to `target`
ACQUIRE = 3  # take a connection from the replica's pool; `hit` = share of such transactions for the read replicas
SQL = 4  # one statement; `target` is one of the three below
RELEASE = 5  # give the connection back
WAIT = 6  # a delay without resource
END = 7

# What a statement is to its transaction.
GOES_ON = 0  # another one follows
COMMITS = 1  # the last; nothing was written
COMMITS_WRITES = 2  # the last, and something was

# Outcomes.
SERVED = 0
REJECTED = 1  # by the edge's request limit or the API gateway's
POOL_TIMEOUT = 2  # no connection in time
REFUSED = 3  # the database or PgBouncer accepts no more connections
SERVER_TIMEOUT = 4  # no PgBouncer server connection in time
NO_REPLICA = 5  # no replica ready
KILLED = 6  # its replica was killed
ABANDONED = 7  # answered after the caller had given up
NO_DATABASE = 8  # the database was gone, or went while it worked
OUTCOMES = (
    "served",
    "rejected",
    "pool timeout",
    "refused",
    "server timeout",
    "no replica",
    "killed",
    "abandoned",
    "no database",
)
FAILED = (POOL_TIMEOUT, REFUSED, SERVER_TIMEOUT, NO_REPLICA, KILLED, NO_DATABASE)
ANSWERED_5XX = (
    POOL_TIMEOUT,
    REFUSED,
    SERVER_TIMEOUT,
    NO_DATABASE,
)  # by the service itself, so that its own metrics count them

# Where a request is, for what happens when its replica dies.
TIMED = 0  # an event of its own is pending
ON_NODE = 1  # in the event loop, a libuv thread or their queues
IN_POOL = 2  # waits for a connection
IN_SERVER_QUEUE = 3  # waits for a PgBouncer server connection
ON_CORES = 4  # runs on PostgreSQL's cores

# A connection set-up under way, and what will become of it.
CONNECTING = 1
WILL_BE_REFUSED = 2
VICTIMS = 32  # slots looked at in one portion of a replica's death

# Places where the time of a request goes.
EDGE, NETWORK, LOOP_WAIT, ON_CPU, THROTTLED, THREADS, POOL_WAIT = 0, 1, 2, 3, 4, 5, 6
CONNECT, SERVER_WAIT, DATABASE, STORAGE, CACHED, OTHER = 7, 8, 9, 10, 11, 12
PLACES = (
    "edge",
    "network",
    "event loop wait",
    "cpu",
    "throttled",
    "threads",
    "pool wait",
    "connect",
    "pgbouncer wait",
    "database",
    "storage",
    "cache",
    "other",
)

# Jobs of a replica that are no requests.
BOOT, READINESS, LIVENESS, SCRAPE = 0, 1, 2, 3
INTERNAL_KINDS = 4

NONE = -1
NEVER = 1e300
UNIFORM = 3  # law of a draw that stays a uniform number (cache hits); the other laws are workload.laws
EDGE_DRAW = 0  # every request's first draw is the edge's CPU
