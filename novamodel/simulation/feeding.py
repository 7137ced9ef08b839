"""How arrivals come into the state: block by block, whichever engine runs."""

from __future__ import annotations

from typing import Any

from novamodel.simulation.build import Plan
from novamodel.simulation.build_source import STRIDE, Feed
from novamodel.simulation.state import BLOCK
from novamodel.workload.arrivals import Block, new_block


class Feeder:
    """Fills the blocks of every source."""

    def __init__(self, plan: Plan, seed: int, replication: int) -> None:
        self.feeds: dict[int, Feed] = {feed.number: feed for feed in plan.feeds}
        self.blocks: dict[int, Block] = {feed.number: new_block(BLOCK, plan.book.most_draws) for feed in plan.feeds}
        self.most_draws = plan.book.most_draws
        self._seed, self._replication = seed, replication
        self._first = dict.fromkeys(self.feeds, 0)

    def refill(self, stream: Any, number: int) -> None:
        """The next block of a source, into the state."""
        feed, block = self.feeds[number], self.blocks[number]
        first = self._first[number] + int(stream.count[number])
        self._first[number] = first
        begin, most = number * BLOCK, self.most_draws
        lists = isinstance(stream.time, list)
        if not lists:  # drawn where it is to lie
            wide = stream.draw[begin * most : (begin + BLOCK) * most]
            time, population, client = (
                column[begin : begin + BLOCK] for column in (stream.time, stream.population, stream.client)
            )
            block = block._replace(time=time, population=population, client=client, draw=wide)
        made = feed.fill(feed.source, block, self._seed, self._replication, first)
        programs = feed.programs[block.route[:made]]
        if lists:
            stream.time[begin : begin + made] = block.time[:made].tolist()
            stream.program[begin : begin + made] = programs.tolist()
            stream.population[begin : begin + made] = block.population[:made].tolist()
            stream.client[begin : begin + made] = block.client[:made].tolist()
            stream.draw[begin * most : (begin + made) * most] = block.draw[: made * most].tolist()
        else:
            stream.program[begin : begin + made] = programs
        stream.number[number] = number * STRIDE + first
        stream.at[number] = 0
        stream.count[number] = made
        stream.used_up[0] = -1
