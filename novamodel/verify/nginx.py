"""Answers to the recorded nginx cases (limit_req, limit_conn, upstream choice), by the component rules.

`answer(case)` takes one recorded experiment and gives what nginx should have done with its inputs;
`disagreements(case)` compares that with the record.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from novamodel.components.nginx import limit_conn as conn
from novamodel.components.nginx import limit_req as req
from novamodel.components.nginx.limit_zone import LimitedLocation
from novamodel.components.nginx.upstream import hashes as hashing
from novamodel.components.nginx.upstream.least_conn import least_conn_pick, upstream_release
from novamodel.components.nginx.upstream.round_robin import Upstream, upstream_state
from novamodel.errors import UserError
from novamodel.verify import nginx_walks as walks
from novamodel.verify.nginx_server_lines import ServerLine, parse_server, zone_bytes

Case = dict[str, Any]

SHARE_TOLERANCE = 0.15
_RANDOM_REPLAYS = 20
_FAILED_BIT = 4
_LONG_KEY = re.compile(r".{4}\.\.\.(\d+).{3}")
_DRY_RUN = re.compile(r"limit_req_dry_run\s+on")
_CONN_DRY_RUN = re.compile(r"limit_conn_dry_run\s+on")
_PLACE_OF_KEY = "$arg_k"
_BINARY_ADDRESS = "$binary_remote_addr"
_PLACES_OF_ADDRESS = (_BINARY_ADDRESS, "$remote_addr")


def answer(case: Case) -> Case:
    """What nginx does with the inputs of one recorded experiment.

    limit_req: `requests` with id, outcome, delay_s, zones. limit_conn: `requests` with id, outcome,
    slots_after. Upstream: `gets`, the server of each get event in order, and `requests` with id,
    upstream_addr, upstream_status, status; `random*` methods: `shares` of the requests by server.
    """
    if case.get("module") == "limit_req":
        return {"requests": _limit_req_answers(case)}
    if case.get("module") == "limit_conn":
        return {"requests": _limit_conn_answers(case)}
    if "servers" in case and "events" in case:
        return _upstream_answers(case)
    raise UserError("not a recorded nginx case", valid="module limit_req or limit_conn, or servers and events")


def disagreements(case: Case) -> list[str]:
    """Where the answer differs from the record, one line each; empty when all of it agrees."""
    given = answer(case)
    if "shares" in given:
        recorded = _recorded_shares(case)
        servers = sorted(set(recorded) | set(given["shares"]))
        pairs = [(name, recorded.get(name, 0.0), given["shares"].get(name, 0.0)) for name in servers]
        return [f"{n}: recorded {a}, got {b}" for n, a, b in pairs if abs(a - b) > SHARE_TOLERANCE]
    wrong = []
    recorded_by_id = {request["id"]: request for request in case["requests"]}
    for got in given["requests"]:
        recorded_request = recorded_by_id[got["id"]]
        for name, value in got.items():
            if value != recorded_request[name]:
                wrong.append(f"request {got['id']} {name}: recorded {recorded_request[name]}, got {value}")
    if len(given["requests"]) != len(recorded_by_id):
        wrong.append(f"{len(recorded_by_id)} requests recorded, {len(given['requests'])} answered")
    recorded_gets = [event["server"] for event in case.get("events", []) if event["ev"] == "get"]
    for i, (want, got_server) in enumerate(zip(recorded_gets, given.get("gets", []), strict=True)):
        if want != got_server:
            wrong.append(f"get {i}: recorded {want}, got {got_server}")
    return wrong


def _limit_req_answers(case: Case) -> list[Case]:
    limits = [
        (req.rate_milli(x["rate"]), req.burst_milli(x["burst"]), req.delay_milli(x["mode"])) for x in case["limits"]
    ]
    location = LimitedLocation(limits, [zone_bytes(x["zone_size"]) for x in case["limits"]])
    dry_run = _DRY_RUN.search(case.get("extra") or "") is not None
    answers = []
    for request in case["requests"]:
        keys = [_key_under(x["key"], request) for x in case["limits"]]
        status, delay, zones = location.decide(keys, request["t_ms"])
        if dry_run:
            status, delay = req.as_dry_run(status), 0
        answers.append(
            {
                "id": request["id"],
                "outcome": req.STATUS_NAMES[status],
                "delay_s": delay / 1000,
                "zones": [list(zone) for zone in zones],
            }
        )
    return answers


def _key_under(expression: str, request: Case) -> tuple[str, int]:
    """The value of a key expression and its length; long keys are recorded as LLLL...5001LL0.

    Variables whose value is not recorded (such as $server_name) are the same for every request.
    """
    if expression == _PLACE_OF_KEY and (long_key := _LONG_KEY.fullmatch(request["key"])):
        return request["key"], int(long_key.group(1))
    value = expression.replace(_PLACE_OF_KEY, request["key"])
    for place in _PLACES_OF_ADDRESS:
        value = value.replace(place, request.get("src", "127.0.0.1"))
    return value, 4 if expression == _BINARY_ADDRESS else len(value.encode())


def _limit_conn_answers(case: Case) -> list[Case]:
    state = conn.limit_conn_state(0, [case["limit"]])
    rows: dict[str, int] = {}
    in_progress: list[tuple[int, int]] = []
    dry_run = _CONN_DRY_RUN.search(case.get("location") or "") is not None
    answers = []
    for request in sorted(case["requests"], key=_decision_order):
        status, slots = req.NOT_LIMITED, None
        key = _key_under(case.get("key_expr", _PLACE_OF_KEY), request)[0]
        if key and request.get("limit_req_outcome") != "REJECTED":
            if key not in rows:
                rows[key] = len(rows)
                state.held.append(0)
            # a request done in the very millisecond of the decision still holds its slot
            for done in [d for d in in_progress if d[0] < request["t_decision_ms"]]:
                in_progress.remove(done)
                conn.conn_release(state, done[1])
            status = conn.conn_take(state, 0, rows[key])
            if status == req.PASSED:
                slots = state.held[rows[key]]
                in_progress.append((round(request["t_done_s"] * 1000), rows[key]))
            elif status == req.REJECTED and dry_run:
                status = req.REJECTED_DRY_RUN
        answers.append({"id": request["id"], "outcome": req.STATUS_NAMES[status], "slots_after": slots})
    return answers


def _decision_order(request: Case) -> tuple[int, int]:
    seq = request.get("seq")
    return (1, request["id"]) if seq is None else (0, seq)


def _upstream_answers(case: Case) -> Case:
    if case["method"].startswith("random"):
        totals: Counter[str] = Counter()
        for seed in range(_RANDOM_REPLAYS):
            replay = _Replay(case, seed)
            replay.run()
            totals.update(tried[-1] for tried in replay.tried.values())
        return {"shares": {server: count / totals.total() for server, count in sorted(totals.items())}}
    replay = _Replay(case, 0)
    replay.run()
    return {"gets": replay.gets, "requests": [_served(r, replay.tried[r["id"]]) for r in case["requests"]]}


class _Replay:
    """One replay of a case's get and free events; each worker without a shared zone has its own state."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case = case
        self.seed = seed
        lines = [parse_server(line) for line in case["servers"]]
        primaries = [line for line in lines if not line.backup]
        backups = [line for line in lines if line.backup]
        shared = case["zone"] or case["workers"] == 1
        pids = {event["pid"] for event in case["events"]}
        self.group_of_pid = {pid: 0 if shared else 2 * i for i, pid in enumerate(sorted(pids))}
        copies = 1 if shared else len(pids)
        peers = ([line.peer for line in primaries], [line.peer for line in backups])
        self.state: Upstream = upstream_state([peers] * copies)
        self.names = [line.name for line in primaries + backups] * copies
        self.points = _points(case["method"], primaries)
        self.requests = {request["id"]: request for request in case["requests"]}
        self.walks: dict[int, hashing.Walk] = {}
        self.serving: dict[int, tuple[int, int]] = {}
        self.tried: dict[int, list[str]] = defaultdict(list)
        self.gets: list[str] = []
        self.nobody = _name_of_upstream(case)

    def run(self) -> None:
        for event in self.case["events"]:
            if event["ev"] == "get":
                self._get(event)
            elif event["id"] in self.serving:
                peer, group = self.serving.pop(event["id"])
                failed = event["state"] & _FAILED_BIT != 0
                upstream_release(self.state, group, peer, failed, event["sec"])

    def _get(self, event: Case) -> None:
        number = event["id"]
        request = self.requests[number]
        group = self.group_of_pid[event["pid"]]
        if number not in self.walks:
            self.walks[number] = _first_walk(self.case["method"], group, self.points, request)
        walk = self.walks[number]
        peer = self._pick(walk, request, event["sec"])
        if peer >= 0:
            self.serving[number] = (peer, walk.group)
        name = self.names[peer] if peer >= 0 else self.nobody
        self.gets.append(name)
        self.tried[number].append(name)

    def _pick(self, walk: hashing.Walk, request: Case, now_s: int) -> int:
        s, method = self.state, self.case["method"]
        if method == "round_robin":
            return walks.pick_round_robin(s, walk, now_s)
        if method == "least_conn":
            peer, group = least_conn_pick(s, walk.group, walk.tried, 0, now_s)
            return hashing.move_to(s, walk, peer, group)
        if method == "ip_hash":
            return walks.pick_by_ip(s, walk, walks.ip_hash_octets(request["src"]), now_s)
        if method.startswith("random two"):
            return walks.pick_random_two(s, walk, self.seed, request["id"], now_s)
        if method.startswith("random"):
            return walks.pick_random(s, walk, self.seed, request["id"], now_s)
        if method.startswith("hash"):
            key = _hash_key(method, request)
            if not key:
                return walks.pick_round_robin(s, walk, now_s)
            if self.points:
                return hashing.pick_on_ring(s, walk, self.points, self.names, now_s)
            return hashing.pick_by_walk(s, walk, hashing.hash_step(key), now_s)
        raise UserError(
            f'unknown upstream method "{method}"',
            valid="round_robin, least_conn, ip_hash, hash KEY, hash KEY consistent, random, random two",
        )


def _points(method: str, primaries: list[ServerLine]) -> list[tuple[int, str]]:
    if not (method.startswith("hash") and method.endswith("consistent")):
        return []
    return hashing.ring_points([line.name for line in primaries], [line.peer.weight for line in primaries])


def _first_walk(method: str, group: int, points: list[tuple[int, str]], request: Case) -> hashing.Walk:
    if points:
        return hashing.ring_walk(group, points, _hash_key(method, request))
    return hashing.Walk(group)


def _hash_key(method: str, request: Case) -> bytes:
    expression = method.split()[1]
    return _key_under(expression, request)[0].encode()


def _name_of_upstream(case: Case) -> str:
    """Name nginx logs in place of an address when no server is live.

    The inputs do not hold it, so it is read off the record: the only server that is none of the lines.
    """
    addresses = {parse_server(line).name for line in case["servers"]}
    names = {event.get("server") for event in case["events"]} - addresses - {None}
    return str(min(names)) if names else "no live upstreams"


def _served(request: Case, tried: list[str]) -> Case:
    faults = request.get("server_faults") or {}
    statuses = [_status_from(server, faults) for server in tried]
    return {
        "id": request["id"],
        "upstream_addr": ", ".join(tried),
        "upstream_status": ", ".join(str(status) for status in statuses),
        "status": statuses[-1] if statuses else request["status"],
    }


def _status_from(server: str, faults: dict[str, Any]) -> int:
    _, colon, port = server.rpartition(":")
    if not colon or port.startswith("1919"):
        return 502
    fault = faults.get(port, 200)
    return {"close": 502, "hang": 504}.get(str(fault), 0) or int(fault)


def _recorded_shares(case: Case) -> dict[str, float]:
    last = Counter(request["upstream_addr"].split(", ")[-1] for request in case["requests"])
    return {server: count / last.total() for server, count in last.items()}
