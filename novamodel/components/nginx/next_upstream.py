"""Whether nginx asks another server after a failure (`proxy_next_upstream`).

After src/http/ngx_http_upstream.c of release-1.22.1 (ngx_http_upstream_next, ngx_http_upstream_test_next). A failed
connection, a time-out or a close without an answer is a failure of the server whatever is listed. An answer with a
listed status is one only where another server may be asked: the last try's answer goes to the client as it is.
"""

from __future__ import annotations

from novamodel.components.rule import rule


@rule
def may_ask_another(
    listed: bool, sent: bool, repeatable: bool, tries: int, most_tries: int, passed: float, timeout: float
) -> bool:
    """Whether the failure leads to another try.

    ``listed``: the kind of failure is in the list; ``repeatable``: the method is none of POST, LOCK and PATCH, or
    non_idempotent is listed; ``tries`` so far; ``most_tries``: servers, or proxy_next_upstream_tries where that is
    less; ``passed`` since the first try began and ``timeout`` (0 = none) in seconds.
    """
    if not listed or (sent and not repeatable):
        return False
    if tries >= most_tries:
        return False
    return not (timeout > 0.0 and passed >= timeout)


@rule
def most_tries_of(servers: int, tries: int) -> int:
    """Tries at most: every server once, or as many as `proxy_next_upstream_tries` says (0 = no limit)."""
    return tries if 0 < tries < servers else servers
