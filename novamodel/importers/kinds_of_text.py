"""What plain settings and sources are, by a look inside."""

from __future__ import annotations

import re

_NGINX = re.compile(
    r"^[ \t]*((http|server|upstream|events|location|proxy_pass)\b[^=\n]{0,300}[{;]"
    r"|(limit_(req|conn)(_zone)?|proxy_[a-z_]+|fastcgi_[a-z_]+|worker_(processes|connections)|keepalive_timeout)"
    r"[ \t][^\n]{1,300};)",
    re.M,
)
_POSTGRES = re.compile(
    r"^[ \t]*(wal_level|max_connections|shared_buffers|max_wal_senders|effective_cache_size)[ \t]*(=[ \t]*)?[^=\s]"
    r"|^[ \t]*(local|host(ssl)?)[ \t]+\S+[ \t]+\S+[ \t]+\S+",
    re.M,
)
_REDIS = re.compile(r"^[ \t]*(maxmemory|maxmemory-policy|appendonly|save|requirepass|replicaof|tcp-backlog)[ \t]", re.M)
SOURCE = {
    b"js": re.compile(
        rb"new\s+([\w.]+\.)?(Pool|Sequelize|DataSource|MongoClient)(<[^>(\n]{0,80}>)?\s*\(|\b(createPool|knex|Knex|postgres|createConnection)\s*\("
        rb"|\bdialect\s*:|\bpool\s*:\s*\{|\bpoolSize\s*:|\b(maxPoolSize|connectionLimit)\b|\bnew\s+(Queue|Worker)\s*\(|\.env\.UV_THREADPOOL_SIZE"
    ),
    b"py": re.compile(
        rb"create_(async_)?engine\s*\(|SQLALCHEMY_ENGINE_OPTIONS|SQLALCHEMY_POOL_SIZE|^DATABASES\s*=|ConnectionPool\s*\("
        rb"|create_pool\s*\(|^(workers|threads|worker_connections|worker_class)\s*=",
        re.M,
    ),
    b"go": re.compile(rb"\.SetMaxOpenConns\s*\(|\.SetMaxIdleConns\s*\(|\.MaxConns\s*=|PoolSize\s*:"),
    b"rb": re.compile(rb"^[ \t]*(threads|workers)[ \t]+[\w(\"']|ConnectionPool\.new", re.M),
    b"java": re.compile(rb"setMaximumPoolSize\s*\(|setMaxTotal\s*\(|maximumPoolSize\s*="),
}
"""What a source of a language holds where it makes a pool of connections."""


def kind_of_conf(text: str, name: str) -> str:
    """The kind of a ``.conf`` file by its text and its name in lower case; empty where it is none that is known."""
    if name == "redis.conf" or (_REDIS.search(text) and not _NGINX.search(text)):
        return "redis"
    if re.search(r"^[ \t]*pm\.max_children\b", text, re.M):
        return "settings"
    if re.search(r"^[ \t]*\[mysqld\]", text, re.M):
        return "postgres"
    if _POSTGRES.search(text) and not re.search(r"[{;]\s*$", text, re.M):
        return "postgres"
    if name.startswith("nginx") or _NGINX.search(text):
        return "nginx" if text.strip() else ""
    return ""
