"""Prometheus scrape intervals and Grafana dashboards."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from novamodel.importers.names import match
from novamodel.importers.node import Node
from novamodel.importers.quantity import duration
from novamodel.importers.report import Draft, Said


def say_monitoring(documents: Iterable[Node], services: Collection[str], draft: Draft) -> None:
    """Write the scrape interval of the whole and of each job that scrapes a known service."""
    for document in documents:
        whole = document.at("global", "scrape_interval")
        if whole:
            draft.say(Said("monitoring.scrape_interval", duration(whole.text), whole.file, whole.line))
        for job in document["scrape_configs"]:
            name, interval = job["job_name"], job["scrape_interval"]
            service = match(name.text, services) if name.text else None
            if service is None:
                draft.leave(job.file, job.line, f"scrape job {name.text}", "scrapes nothing that is modelled")
            elif interval:
                path = f"monitoring.job_intervals.{service}"
                draft.say(Said(path, duration(interval.text), interval.file, interval.line))
        for key, part in document.entries():
            if key not in ("global", "scrape_configs"):
                draft.leave(part.file, part.line, key, "read, not modelled")


def targets(documents: Iterable[Node]) -> list[tuple[str, Node]]:
    """(host, place) of every static target."""
    found = []
    for document in documents:
        for job in document["scrape_configs"]:
            for static in job["static_configs"]:
                for target in static["targets"]:
                    host = re.sub(r":\d+$", "", target.text)
                    if host and not re.fullmatch(r"[\d.]+|localhost", host):
                        found.append((host, target))
    return found


def list_dashboards(documents: Iterable[Node], draft: Draft) -> None:
    """List dashboards, which say nothing to the scenario."""
    for document in documents:
        board = document["dashboard"] or document
        draft.leave(document.file, board["title"].line, f"dashboard {board['title'].text}", "read, not modelled")
