"""What the nodes of a platform see: cores in use, threads that wait for one, and the kernel's pressure."""

from __future__ import annotations

from novamodel.components.cpu.host import host_pressure, host_used
from novamodel.simulation.control.world import World
from novamodel.simulation.table import Table


class Nodes:
    """A row a node group and interval: nodes that are there and their cores, cores in use and threads that wait now,
    and the share of time in which some thread of a node waited for a core (PSI: cpu, some), mean over the nodes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.table = Table(time_s=float, group=str, nodes=int, cores=int, used_cores=float, waiting=int, pressure=float)
        self._before: dict[int, tuple[float, float]] = {}

    def forget(self) -> None:
        """What was used until now does not count."""
        self.look(0.0)

    def look(self, length_s: float) -> None:
        """A row for what has been since the last look."""
        world = self.world
        if world.cluster is None:
            return
        host, now = world.engine.model.host, world.env.now
        for group, rows in world.plan.hosts.items():
            there = [one.row for one in world.cluster.machines if one.group == group and one.ready_s <= now]
            total = {h: (float(host_used(host, h, now)), float(host_pressure(host, h, now))) for h in rows}
            since = {
                h: [new - old for new, old in zip(total[h], self._before.get(h, (0.0, 0.0)), strict=True)] for h in rows
            }
            self._before |= total
            if length_s > 0:
                used = sum(used for used, _ in since.values()) / length_s
                pressed = sum(since[h][1] for h in there) / length_s / len(there) if there else float("nan")
                cores, waiting = (sum(int(column[h]) for h in there) for column in (host.cores, host.waiting))
                self.table.add(now, group, len(there), cores, used, waiting, pressed)
