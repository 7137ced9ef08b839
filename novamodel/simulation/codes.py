"""The words of the engine: events, operations, outcomes and the places where time goes."""

from __future__ import annotations

# Events. At one instant they happen in this order, and within a kind by request number (or by the number of the
# replica, pool, server, call site or queue whose timer it is).
ARRIVE = 0  # the next request of a source comes
ENTER = 1  # a request reaches the gateway or a replica
BURST_DUE = 2  # a CPU burst of a replica may end
STEP_DONE = 3  # a cache command, a delay or a way over the network has ended
STATEMENT_IN = 4  # a statement, or a connection set-up, reaches PostgreSQL
STATEMENT_DUE = 5  # a statement on the cores of a database server may end
STATEMENT_DONE = 6  # its answer reaches the replica
POOL_TIMER = 7  # a waiter, a connection or an attempt of a pool may be due
SERVER_TIMER = 8  # the first waiter of a pool of PgBouncer may time out
ANSWER = 9  # the answer of a call reaches who called
CALL_TIMER = 10  # the first who waits at a call site may give up
QUEUE_TIMER = 11  # a queue's first delay or visibility time-out may be over
EDGE_TIMER = 12  # an edge may give up on a silent replica
HOST_DUE = 13  # a machine that containers share has to act
AT_STATION = 14  # a command or statement reaches a process on such a machine

# Operations of a program.
CPU = 0  # burst on the event loop
THREAD = 1  # work on a libuv thread
CACHE = 2  # cache command; a get that finds all its keys goes on at `jump`
ACQUIRE = 3  # take a connection of `link` (or, by chance, of `read_link`)
SQL = 4  # one statement
RELEASE = 5  # give the connection back
WAIT = 6  # a delay without resource
END = 7  # the answer is ready
EDGE = 8  # limits and a worker of a reverse proxy
GATE = 9  # the API gateway decides
CHOOSE = 10  # a replica is chosen
CHANCE = 11  # go on with probability `share`, else at `jump`
CALL = 12  # call site `site`: wait for the answer
FORK = 13  # steps from `jump` on go on side by side with what follows
JOIN = 14  # wait for all that was forked
PUBLISH = 15  # put a message into `queue`
EXTERNAL_IN = 16  # an external admits the call or not
EXTERNAL_OUT = 17  # its answer, or its failure
CONNECT = 18  # a connection set-up reaches the server
OPENED = 19  # a connection set-up has come to its end
BEGIN = 20  # a caller begins a request: from here on its latency counts
RECORD = 21  # it has its answer, or has given up
AGAIN = 22  # a user begins the next visit
DRAW = 23  # what the program needs is drawn from the request's key
FAIL = 24  # the request ends with `outcome`
ADMIT = 25  # connection limits of an edge, after a delay of its request limits
WELCOME = 26  # PgBouncer logs a client in, or lets it wait for its first server connection; a failure goes to `jump`
LOG_IN = 27  # PgBouncer's login reaches the server
LOGGED_IN = 28  # it has come to its end
BY_USE = 30  # burst whose demand follows the utilisation of its core; `command` 1: handed to a thread
SLOT = 29  # a request takes a thread or a process of its replica, or waits for one

# What a cache command does.
GET = 0
SET = 1
DELETE = 2
COMMANDS = ("get", "set", "delete")

# What a statement is to its transaction.
GOES_ON = 0  # another one follows
COMMITS = 1  # the last; nothing was written
COMMITS_WRITES = 2  # the last, and something was

# What a request is.
ROOT = 0  # comes from outside, asks once
CALLER = 1  # somebody outside who waits, retries or comes back
CHILD = 2  # an attempt of a call
BRANCH = 3  # steps beside those of its parent, in the same replica
WORK = 4  # a consumer at work on a message
MESSAGE = 5
INTERNAL = 6  # a job of a replica that nobody asked for: boot, probe, scrape
OPENING = 7  # a connection set-up, a client's or PgBouncer's
COUNTED = (ROOT, CHILD, WORK)
"""Those that are in flight at a replica."""

# Outcomes.
SERVED = 0
REJECTED = 1  # by the edge's limits or the API gateway's
POOL_TIMEOUT = 2  # no connection in time
REFUSED = 3  # the database or PgBouncer accepts no more connections
SERVER_TIMEOUT = 4  # no PgBouncer server connection in time, or one of its other time-outs
NO_REPLICA = 5  # no replica ready
KILLED = 6  # its replica was killed
ABANDONED = 7  # the caller had given up
NO_DATABASE = 8  # the database was gone, or went while it worked
CALL_FAILED = 9  # a service or external that it needs did not answer well
OVER_LIMIT = 10  # an external refused it
EXTERNAL_FAILED = 11  # an external failed
BREAKER_OPEN = 12  # not sent: the caller's circuit breaker is open
GATEWAY_TIMEOUT = 13  # the edge gave up on the replica
NO_CONNECTION = 14  # the edge has no connection left
NO_WORKER = 15  # too many wait for a thread or process of the replica
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
    "call failed",
    "over limit",
    "external failed",
    "breaker open",
    "gateway timeout",
    "no edge connection",
    "no worker",
)
FAILED = (
    POOL_TIMEOUT,
    REFUSED,
    SERVER_TIMEOUT,
    NO_REPLICA,
    KILLED,
    NO_DATABASE,
    CALL_FAILED,
    OVER_LIMIT,
    EXTERNAL_FAILED,
    BREAKER_OPEN,
    GATEWAY_TIMEOUT,
    NO_CONNECTION,
    NO_WORKER,
)
ANSWERED_5XX = (POOL_TIMEOUT, REFUSED, SERVER_TIMEOUT, NO_DATABASE, CALL_FAILED)
"""By the service itself, so that its own metrics count them."""
RETRIED = {
    "errors": tuple(code for code in FAILED if code != OVER_LIMIT),
    "timeout": (ABANDONED,),
    "rejected": (REJECTED, OVER_LIMIT),
}
"""Outcomes behind the words of `Caller.retry_on`."""

# Where a request is, for what happens when its replica dies.
TIMED = 0  # an event of its own is pending, or it is about to go on
ON_NODE = 1  # in the event loop, a libuv thread or their queues
IN_POOL = 2  # waits for a connection, in the queue or while one is opened for it
IN_SERVER_QUEUE = 3  # waits for a PgBouncer server connection
ON_CORES = 4  # runs on PostgreSQL's cores
IN_CALL = 5  # waits for an answer
ANSWERED = 6  # has it
IN_JOIN = 7  # waits for its branches
IN_LINE = 8  # waits until an external has room, or a thread or process of its replica is free
IN_QUEUE = 9  # a message that waits, or is worked on
ON_WAY_BACK = 10  # it has ended, and its answer is on its way to who called
# In or on its way to a process, beside its replica's, on a machine that containers share.
AT_EDGE = 11  # to be passed on by a worker of an edge
AT_EDGE_REJECT = 12  # to be rejected by it
AT_EDGE_CONNECT = 13  # the worker connects to a replica
TO_CACHE = 14
AT_CACHE = 15
TO_BOUNCER = 16
AT_BOUNCER = 17
AT_LOGIN = 18  # at PgBouncer

VICTIMS = 8  # requests that end in one portion of a replica's death
DISPATCHES = 8  # messages handed out in one go
PORTION = 4  # requests that go on before room is seen to

# How a replica is chosen.
ROUND_ROBIN, LEAST_CONN, IP_HASH, RANDOM, RANDOM_TWO, ANYONE = 0, 1, 2, 3, 4, 5
METHODS = ("round_robin", "least_conn", "ip_hash", "random", "random_two")
"""Words of the scenario, by code; ANYONE is kube-proxy's."""

# Failures after which an edge asks another replica, as bits.
ON_ERROR, ON_TIMEOUT, ON_5XX = 1, 2, 4
NEXT_ON = {"error": ON_ERROR, "timeout": ON_TIMEOUT, "http_5xx": ON_5XX}
PROXIED_CONNECTIONS = 2  # that a proxied request holds: its caller's, and the one to the replica

# Places where the time of a request goes.
EDGE_TIME, NETWORK, LOOP_WAIT, ON_CPU, THROTTLED, THREADS, POOL_WAIT = 0, 1, 2, 3, 4, 5, 6
CONNECT_TIME, SERVER_WAIT, DATABASE, STORAGE, CACHED, OTHER = 7, 8, 9, 10, 11, 12
EXTERNAL_TIME, BACKOFF, GIVEN_UP, CORE_WAIT, WORKER_WAIT = 13, 14, 15, 16, 17
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
    "external",
    "retry wait",
    "given up",
    "core wait",
    "worker wait",
)

# What runs the bursts of a replica (`Replicas.way`).
BY_QUOTA, ON_MACHINE, BY_RUNTIME = 0, 1, 2  # an event loop: cores as it needs, or a machine; a further runtime

# Jobs of a replica that are no requests.
BOOT, READINESS, LIVENESS, SCRAPE = 0, 1, 2, 3
INTERNAL_KINDS = 4

# How PgBouncer hands out its server connections.
TRANSACTION, SESSION, STATEMENT = 0, 1, 2
POOL_MODES = ("transaction", "session", "statement")
"""Words of the scenario, by code."""
BROKEN = -1  # `requests.server` of a request whose server connection PgBouncer has closed

NONE = -1
NEVER = 1e300
UNIT = 3  # law of a draw that stays a uniform number (cache hits, chances); `workload.laws` has the others
FAIL_PC = 0  # the first operation of every table is FAIL
EDGE_DRAW = 0  # the first draw of every request that comes through an edge is the edge's CPU
SERIALS = 1 << 42  # requests that no source made are numbered from here
