"""nginx.conf to the edge: zones by name, further limits, connections in progress, upstreams, what is asked next."""

from pathlib import Path

import pytest

from novamodel.importers import to_yaml, with_assumptions
from novamodel.loading import import_folder
from novamodel.scenario import Origin, load_scenario

ONE_ZONE = """events { worker_connections 1024; }
http {
  limit_req_zone $binary_remote_addr zone=each:10m rate=10r/s;
  upstream shop { server shop:3000; }
  upstream office { server office:3001; }
  server { listen 80;
    location / { limit_req zone=each burst=20 nodelay; proxy_pass http://shop; }
    location /office { limit_req zone=each burst=20 nodelay; proxy_pass http://office; } }
}
"""

WHOLE = """events { worker_connections 2048; }
http {
  limit_req_zone $binary_remote_addr zone=each:10m rate=10r/s;
  limit_req_zone $server_name zone=all:1m rate=500r/s;
  limit_req_zone $http_x_api_key zone=keys:1m rate=5r/s;
  limit_conn_zone $binary_remote_addr zone=open:1m;
  limit_conn_zone $server_name zone=sum:1m;
  limit_conn_status 429;
  proxy_next_upstream error timeout http_502 http_503 non_idempotent;
  proxy_next_upstream_tries 2;
  proxy_next_upstream_timeout 1500ms;
  upstream shop {
    least_conn;
    server shop-1:3000 backup;
    server shop-2:3000 weight=3 max_conns=8 max_fails=2 fail_timeout=1m30s;
    server shop-3:3000 max_conns=8 max_fails=2 fail_timeout=1m30s;
    keepalive 16;
  }
  upstream office { random two; server office-1:3001; server office-2:3001; }
  upstream mail { ip_hash; server mail-1:3002 max_fails=2 fail_timeout=1m30s; server mail-2:3002; }
  server {
    server_name shop.example;
    proxy_http_version 1.1;
    limit_req_dry_run on;
    location / {
      limit_req zone=each burst=20 nodelay;
      limit_req zone=all delay=5;
      limit_req zone=keys;
      limit_conn open 12;
      limit_conn sum 900;
      proxy_read_timeout 2m;
      proxy_pass http://shop;
    }
    location /reports { limit_req zone=each burst=2; proxy_pass http://shop; }
  }
  server {
    server_name office.example;
    location / { limit_req zone=all; proxy_pass http://office; }
    location /mail { limit_conn open 3; proxy_pass http://mail; proxy_next_upstream off; }
  }
}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "nginx.conf").write_text(text)
    return folder


def line_of(text: str, word: str, number: int = 1) -> int:
    return [at for at, line in enumerate(text.splitlines(), 1) if word in line][number - 1]


def test_one_zone_of_two_services_is_one_count(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, ONE_ZONE))
    limits = report.tree.values["edge"]["limits"]
    assert {name: limit["zone"] for name, limit in limits.items()} == {"shop": "each", "office": "each"}
    assert report.tree.origin("edge.limits.office.zone") == Origin("file", "", "nginx.conf", 8)
    assert report.tree.values["edge"]["worker_connections"] == 1024


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return import_folder(write(tmp_path_factory.mktemp("whole"), WHOLE))


def test_every_limit_of_a_place_is_read(whole) -> None:
    edge = whole.tree.values["edge"]
    assert edge["limits"]["shop"] == {
        "rate": "10r/s",
        "zone": "each",
        "burst": 20,
        "delay": "nodelay",
        "zone_size": "10 MiB",
        "dry_run": True,
        "also": [
            {
                "rate": "500r/s",
                "zone": "all of shop.example",  # its key makes a count in each server block
                "key": "server",
                "delay": 5,
                "zone_size": "1 MiB",
                "dry_run": True,
            }
        ],
    }
    assert edge["limits"]["office"] == {
        "rate": "500r/s", "zone": "all of office.example", "key": "server", "zone_size": "1 MiB"
    }  # fmt: skip
    assert edge["connection_limits"] == {
        "shop": {
            "limit": 12,
            "zone": "open",
            "status": 429,
            "also": [{"limit": 900, "zone": "sum", "key": "server", "status": 429}],
        },
        "mail": {"limit": 3, "zone": "open", "status": 429},
    }


def test_upstreams_and_what_is_asked_next(whole) -> None:
    edge = whole.tree.values["edge"]
    assert edge["upstreams"] == {
        "shop": {"method": "least_conn", "backup": 1, "max_conns": 8, "max_fails": 2, "fail_timeout": "90 s"},
        "office": {"method": "random_two"},
        "mail": {"method": "ip_hash", "max_fails": 2, "fail_timeout": "90 s"},
    }
    assert edge["weights"] == {"shop": [3, 1, 1]}  # the backup is the last replica
    assert edge["keepalive"] == 16
    assert edge["next_upstream"] == {"on": ["error", "timeout", "http_5xx"], "tries": 2, "timeout": "1500 ms"}
    assert edge["read_timeout"] == "2 min"
    assert whole.tree.values["services"]["shop"]["replicas"] == 3


@pytest.mark.parametrize(
    ("path", "word", "number"),
    [
        ("edge.limits.shop.zone", "limit_req zone=each burst=20", 1),
        ("edge.limits.shop.rate", "zone=each:10m", 1),
        ("edge.limits.shop.dry_run", "limit_req_dry_run", 1),
        ("edge.limits.shop.also.0.rate", "zone=all:1m", 1),
        ("edge.limits.shop.also.0.delay", "zone=all delay=5", 1),
        ("edge.connection_limits.shop.limit", "limit_conn open 12", 1),
        ("edge.connection_limits.shop.status", "limit_conn_status", 1),
        ("edge.connection_limits.shop.also.0.limit", "limit_conn sum", 1),
        ("edge.upstreams.shop.method", "least_conn", 1),
        ("edge.upstreams.shop.backup", "shop-1:3000 backup", 1),
        ("edge.upstreams.shop.max_conns", "shop-2:3000", 1),
        ("edge.upstreams.mail.max_fails", "mail-1:3002", 1),
        ("edge.next_upstream.tries", "proxy_next_upstream_tries", 1),
        ("edge.read_timeout", "proxy_read_timeout", 1),
        ("edge.keepalive", "keepalive 16", 1),
    ],
)
def test_each_value_has_its_line(whole, path: str, word: str, number: int) -> None:
    origin = whole.tree.origin(path)
    assert (origin.kind, origin.file, origin.line) == ("file", "nginx.conf", line_of(WHOLE, word, number))


def test_what_has_no_place_in_the_model_is_said_and_nothing_else(whole) -> None:
    left = {(row["what"].partition(" (")[0], row["line"]) for row in whole.not_modelled}
    assert left == {
        ("limit_req by $http_x_api_key", line_of(WHOLE, "limit_req zone=keys")),
        ("limit_req zone=each burst=2 of location /reports", line_of(WHOLE, "limit_req zone=each burst=2;")),
        ("no limit_conn of location /reports", line_of(WHOLE, "location /reports")),
        ("max_conns unlimited of a single server", line_of(WHOLE, "shop-1:3000 backup")),
        ("max_fails 2 of single servers", line_of(WHOLE, "shop-2:3000")),
        ("max_fails 2 of single servers", line_of(WHOLE, "mail-1:3002")),
        ("fail_timeout 1m30s of single servers", line_of(WHOLE, "shop-2:3000")),
        ("fail_timeout 1m30s of single servers", line_of(WHOLE, "mail-1:3002")),
        ("proxy_next_upstream non_idempotent", line_of(WHOLE, "proxy_next_upstream error")),
        ("proxy_next_upstream off of location /mail", line_of(WHOLE, "proxy_next_upstream off")),
        ("proxy_http_version 1.1", line_of(WHOLE, "proxy_http_version")),
        ("server_name shop.example", line_of(WHOLE, "server_name shop")),
    }


def test_the_written_scenario_reads_the_same(whole, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(to_yaml(with_assumptions(whole, "shop")))
    scenario = load_scenario(file)
    assert scenario.edge.limits["shop"].also[0].zone == "all of shop.example"
    assert scenario.edge.connection_limits["shop"].also[0].limit == 900
    assert (scenario.edge.next_upstream.tries, scenario.edge.next_upstream.timeout) == (2, 1.5)
    assert scenario.edge.upstreams["mail"].method == "ip_hash"


def test_times_as_nginx_writes_them() -> None:
    from novamodel.importers.nginx.upstreams import nginx_time

    times = {
        "30": "30 s",
        "1m30s": "90 s",
        "500ms": "500 ms",
        "1h 30m": "5400 s",
        "2m": "2 min",
        "$t": "$t",
        "5x": "5x",
    }
    assert {text: nginx_time(text) for text in times} == times


def test_a_limit_of_an_unknown_zone_is_a_finding(tmp_path: Path) -> None:
    text = "server { location / { limit_conn nowhere 5; proxy_pass http://shop:80; } }\n"
    (tmp_path / "site.conf").write_text(text)
    report = import_folder(tmp_path)
    assert ("limit-zone-unknown", 1) in {(one["code"], one["line"]) for one in report.findings}
    assert "connection_limits" not in report.tree.values.get("edge", {})
