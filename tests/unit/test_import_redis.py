"""redis.conf: memory, policy and log of the cache it belongs to; what else bounds it is listed."""

from pathlib import Path

from novamodel.loading import import_folder

SERVICES = """
services:
  shop: {image: shop, environment: {REDIS_URL: "redis://cache", SESSION_REDIS_URL: "redis://sessions"}}
  cache: {image: "redis:7", volumes: ["./cache/redis.conf:/etc/redis.conf"]}
  sessions: {image: "redis:7"}
"""


def imported(folder: Path, text: str) -> tuple[dict[str, object], dict[str, str]]:
    (folder / "cache").mkdir(exist_ok=True)
    (folder / "cache" / "redis.conf").write_text(text)
    (folder / "compose.yaml").write_text(SERVICES)
    report = import_folder(folder)
    whys = {row["what"]: row["why"] for row in report.not_modelled if row["file"] == "cache/redis.conf"}
    return report.tree.values["cache"], whys


def test_memory_policy_and_log_are_the_caches(tmp_path: Path) -> None:
    cache, whys = imported(
        tmp_path, "# x\nmaxmemory 64mb\nmaxmemory-policy allkeys-lfu\nappendonly yes\nmaxclients 500\nport 6379\n"
    )
    assert (cache["memory"], cache["maxmemory_policy"], cache["appendfsync"]) == ("64 MiB", "allkeys-lfu", "everysec")
    assert whys == {"maxclients 500": "read, not modelled"}


def test_a_memory_of_zero_is_no_limit(tmp_path: Path) -> None:
    cache, whys = imported(tmp_path, "maxmemory 0\n")
    assert "memory" not in cache
    assert "no limit" in whys["maxmemory 0"]
