"""From nginx.conf to the scenario's edge, and what is odd about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from novamodel.importers.nginx.limits import say_limits
from novamodel.importers.nginx.read import Nginx, Target, not_modelled
from novamodel.importers.nginx.upstreams import say_next_upstream, say_upstreams
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said


def say_edge(nginx: Nginx, services: Collection[str], draft: Draft) -> None:
    """Write workers, connections, and of every known service its limits and how its replicas are chosen."""
    for name, path in (
        ("worker_processes", "edge.workers"),
        ("worker_connections", "edge.worker_connections"),
    ):
        for found in nginx.find(name)[:1]:
            if isinstance(whole(found.args[0]), int):
                draft.say(Said(path, whole(found.args[0]), found.file, found.line))
            else:
                draft.leave(found.file, found.line, f"{name} {found.args[0]}", "not a number: the default is taken")
    targets = [target for target in nginx.targets if target.service in services]
    say_limits(nginx, targets, draft)
    say_upstreams(nginx, targets, draft)
    say_next_upstream(targets, draft)
    for found, times in not_modelled(nginx):
        often = f" ({times} times)" if times > 1 else ""
        why = "read, not modelled"
        if found.name == "ssl_certificate":
            why += ": handshakes cost no CPU unless edge.tls says what kind of certificate this is"
        draft.leave(found.file, found.line, f"{found.name} {' '.join(found.args)[:80]}".strip() + often, why)
    _list_unused(nginx, targets, draft)


def _list_unused(nginx: Nginx, targets: Sequence[Target], draft: Draft) -> None:
    """Zones and limits that hold for no service here."""
    used = [line for target in targets for line in (*target.scope.limits, *target.scope.connection_limits)]
    zones = {line.option("zone") or (line.args[0] if line.args else "") for line in used}
    why = "no location that passes requests to a service here uses it"
    for name, zone in (*nginx.zones.items(), *nginx.connection_zones.items()):
        if name not in zones:
            place = zone.place
            draft.leave(place.file, place.line, f"{place.name} {' '.join(place.args)[:80]}", why)
    for line in (*nginx.find("limit_req"), *nginx.find("limit_conn")):
        if line not in used:
            draft.leave(line.file, line.line, f"{line.name} {' '.join(line.args)[:80]}", why)
