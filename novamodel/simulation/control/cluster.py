"""The platform's machines in a run: where each pod is placed, what waits for room, nodes that come and go.

A pod fits by its requests. Of the nodes with room the scheduler takes one in the zone that it spreads to, if any, then
the least or the most full (`platform.placement`), then the first. Where nothing fits, the pod is Pending; every
`SCAN_S` the node autoscaler starts as many nodes as the pending pods need, and gives back nodes that stood without
pods for a while (Cluster Autoscaler: scan-interval 10 s).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable
from typing import Any

import simpy

from novamodel.scenario import NodeGroup, Scenario, group_room
from novamodel.scenario.nodes import SYSTEM_PODS
from novamodel.simulation.control.machine import LONG_AGO, Machine, Request, request_of

SCAN_S = 10.0


class Cluster:
    """All machines of a platform."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, rows: dict[str, range]) -> None:
        platform = scenario.platform
        self.env = env
        self.groups: dict[str, NodeGroup] = platform.groups
        self.rooms = {name: group_room(group, platform.kind) for name, group in self.groups.items()}
        self.pack = platform.placement == "pack"
        self.zones = platform.zones
        self.lost_zones: set[int] = set()
        self.machines: list[Machine] = []
        self.past: list[Machine] = []
        self.pending: dict[Hashable, tuple[Request, int]] = {}
        self._free = {name: list(reversed(own)) for name, own in rows.items()}
        self.warm = True  # machines that are wanted before the run begins are there
        for name, group in self.groups.items():
            for number in range(group.least):
                self._create(name, number % self.zones + 1)
        if platform.kind == "eks":
            for number, request in enumerate(SYSTEM_PODS):
                self.place(("system", number), Request(*request), 1 + number % self.zones)
        if any(group.most > group.least for group in self.groups.values()):
            env.process(self._scan())

    def place(self, pod: Hashable, request: Request, zone: int) -> Machine | None:
        """The machine that a pod is placed on, or None: it is Pending until it is placed or withdrawn."""
        fits = [one for one in self.machines if one.ready_s <= self.env.now and one.fits(request)]
        if not fits and self.warm:
            group = next((name for name in self.groups if self._may_grow(name, request)), None)
            fits = [self._create(group, zone)] if group is not None else []
        if not fits:
            self.pending[pod] = (request, zone)
            return None
        sign = -1.0 if self.pack else 1.0
        best = min(fits, key=lambda one: (one.zone != zone, sign * one.fullness(), one.row))
        best.held[pod] = request
        best.empty_since_s = math.inf
        self.pending.pop(pod, None)
        return best

    def withdraw(self, pod: Hashable, machine: Machine | None) -> None:
        """A pod is gone, or is no longer wanted."""
        self.pending.pop(pod, None)
        if machine is not None and machine.held.pop(pod, None) is not None and not machine.held:
            machine.empty_since_s = self.env.now

    def lose_zone(self, zone: int) -> None:
        """The machines of a zone are gone, whatever they held."""
        self.lost_zones.add(zone)
        for one in [one for one in self.machines if one.zone == zone]:
            self._drop(one)

    def lives(self) -> list[dict[str, Any]]:
        """When each machine was there, s (infinity: it is there), by group and type."""
        return [
            {"group": one.group, "type": self.groups[one.group].type, "zone": one.zone, "from_s": one.created_s,
             "to_s": one.gone_s}
            for one in [*self.past, *self.machines]
        ]  # fmt: skip

    def _may_grow(self, name: str, request: Request) -> bool:
        group, room = self.groups[name], self.rooms[name]
        there = sum(one.group == name for one in self.machines)
        empty = Machine(name, 0, 0, room, 0.0, 0.0)
        return there < group.most and bool(self._free[name]) and empty.fits(request)

    def _create(self, name: str, zone: int) -> Machine:
        now = LONG_AGO if self.warm else self.env.now
        delay = 0.0 if self.warm else self.groups[name].start_delay
        machine = Machine(name, self._free[name].pop(), zone, self.rooms[name], now, now + delay)
        self.machines.append(machine)
        return machine

    def _drop(self, machine: Machine) -> None:
        self.machines.remove(machine)
        self.past.append(machine)
        machine.gone_s = self.env.now
        self._free[machine.group].append(machine.row)

    def _scan(self) -> Generator[Any, Any, None]:
        while True:
            yield self.env.timeout(SCAN_S)
            self._grow()
            self._shrink()

    def _grow(self) -> None:
        """Nodes for the pods that fit nowhere, beyond those that are on their way."""
        coming = [
            Machine(one.group, one.row, one.zone, one.room, 0.0, 0.0)
            for one in self.machines
            if one.ready_s > self.env.now
        ]
        for request, zone in self.pending.values():
            into = next((one for one in coming if one.fits(request)), None)
            if into is None:
                group = next((name for name in self.groups if self._may_grow(name, request)), None)
                if group is None:
                    continue
                left = [one for one in range(1, self.zones + 1) if one not in self.lost_zones]
                new = self._create(group, zone if zone in left or not left else left[0])
                into = Machine(new.group, new.row, new.zone, new.room, 0.0, 0.0)
                coming.append(into)
            into.held[len(into.held)] = request

    def _shrink(self) -> None:
        for name, group in self.groups.items():
            own = [one for one in self.machines if one.group == name]
            spare = [one for one in own if not one.held and self.env.now - self._empty_since(one) >= group.idle_for]
            for one in spare[: max(0, len(own) - group.least)]:
                self._drop(one)

    @staticmethod
    def _empty_since(machine: Machine) -> float:
        return max(machine.ready_s, machine.empty_since_s)


__all__ = ["Cluster", "Machine", "request_of"]
