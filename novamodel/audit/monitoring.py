"""What is scraped, what is shown of it, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.names import is_elsewhere
from novamodel.audit.seen import MOST, Seen
from novamodel.importers.names import match
from novamodel.importers.node import Node
from novamodel.importers.prometheus.read import targets
from novamodel.importers.quantity import duration
from novamodel.scenario import Finding
from novamodel.units import parse_time

_SCALED = ("replicas", "autoscaler.max_replicas")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of Prometheus' files and of Grafana's dashboards."""
    documents = seen.sources.found.all("prometheus")
    yield from _targets(documents, seen)
    for document in documents:
        yield from _jobs(document)
        if not document["rule_files"] and not document["remote_write"] and not document["remote_read"]:
            message = "no rule_files: this Prometheus evaluates no alert, nobody is told of anything"
            yield fault("no-alert-rules", document["scrape_configs"], message, "add rule_files and alerting")
        elif document["rule_files"] and not document["alerting"]:
            message = "rule_files without alerting: alerts fire and are sent nowhere"
            yield fault("no-alertmanager", document["rule_files"], message, "add alerting: alertmanagers")
    nginx = seen.sources.nginx
    jobs = [f"{job['job_name'].text} {job.value}".lower() for one in documents for job in one["scrape_configs"]]
    watched = re.compile(r"nginx|ingress|edge|proxy|kubernetes_sd|ec2_sd|consul")
    if nginx is not None and nginx.find("limit_req") and jobs and not any(watched.search(job) for job in jobs):
        message = "nginx rejects requests over its limits, and nothing scrapes it: nobody sees how many, or whom"
        fix = "add nginx-prometheus-exporter, or count the access log's 429"
        yield fault("edge-not-scraped", documents[0]["scrape_configs"], message, fix)
    limits_503 = nginx is not None and bool(nginx.find("limit_req")) and not nginx.find("limit_req_status")
    groups = seen.sources.workloads.values()
    several = any(said.path in _SCALED and said.value != 1 for group in groups for one in group for said in one.said)
    for document in seen.sources.found.all("grafana"):
        board = document["dashboard"] or document
        for panel in _panels(board):
            for target in panel["targets"]:
                yield from _query(panel["title"].text, target, limits_503, several)
            if panel["type"].text == "graph":
                message = f"panel {panel['title'].text!r} is of type graph, which Grafana 12 no longer has"
                yield fault("panel-type-removed", panel["type"], message, "write type: timeseries")


def _panels(board: Node) -> Iterator[Node]:
    for panel in [*board["panels"], *(one for row in board["rows"] for one in row["panels"])]:
        yield panel
        yield from panel["panels"]


def _targets(documents: list[Node], seen: Seen) -> Iterator[Finding | NotChecked]:
    known = seen.compose_hosts | seen.cluster_hosts | seen.other_projects.keys()
    if not known - {"localhost", "host.docker.internal"}:
        return
    services = {box.name for box in seen.boxes()}
    for host, place in targets(documents):
        name = host.lower().removeprefix("http://").split(".")[0]
        if name in known:
            yield from _many(name, place, seen)
            continue
        if is_elsewhere(host):
            continue
        own = seen.compose_open if seen.sources.compose is not None and not seen.cluster_hosts else ""
        if seen.unread or own or seen.makers:
            why = seen.unread or own or f"a {seen.makers} may make it"
            yield open_question("scrape-target-unknown", place, f"who answers to {place.text}: {why}")
            continue
        near = match(name, services)
        message = f"scrape target {place.text} is no service of any file: it is down for ever"
        fix = f"deploy it, or correct the name{f' ({near}?)' if near else ''}"
        yield fault("scrape-target-unknown", place, message, fix)


def _many(name: str, place: Node, seen: Seen) -> Iterator[Finding]:
    """One name for several replicas: each scrape reads another one's counters."""
    counts = {one.raw_name.lower(): one for one in seen.sources.workloads.get("compose", [])}
    one = counts.get(name)
    replicas = next((said.value for said in one.said if said.path == "replicas"), 1) if one is not None else 1
    if isinstance(replicas, int) and replicas > 1:
        message = f"{place.text} is one name for {replicas} replicas: each scrape reads another one's counters, "
        fix = "dns_sd_configs (type A), which finds each of them"
        yield fault("scrape-one-of-many", place, f"{message}and rates are wrong", fix)


def _jobs(document: Node) -> Iterator[Finding]:
    usual = document.at("global", "scrape_interval")
    for job in document["scrape_configs"]:
        interval, patience = job["scrape_interval"] or usual, job["scrape_timeout"]
        try:
            if interval and patience and parse_time(duration(patience.text)) > parse_time(duration(interval.text)):
                message = f"scrape_timeout {patience.text} is longer than scrape_interval {interval.text}: "
                yield fault("scrape-timeout-long", patience, f"{message}Prometheus does not start", "a shorter one")
        except ValueError:
            continue


def _query(title: str, target: Node, limits_503: bool, several: bool) -> Iterator[Finding]:
    query, legend = target["expr"], target["legendFormat"].text
    text = query.text[:MOST]
    whole = re.search(r"\b(by|without)\s*\(", text)
    each = re.search(r"\{\{\s*(instance|pod|container|node)\s*\}\}|\b(instance|pod)\s*=~?", legend + text)
    recorded = re.search(r"\w:\w", re.sub(r"\"[^\"]*\"", "", text))
    if "histogram_quantile" in text and not whole and not recorded and not each:
        message = f"panel {title!r} takes a quantile of each series alone (one a replica, route and status), "
        fix = "histogram_quantile(0.95, sum by (le) (rate(...[5m])))"
        yield fault("quantile-without-sum", query, f"{message}not of the service", fix)
    elif several and re.match(r"\s*i?rate\s*\(", text) and "{{" in legend and not each:
        message = f"panel {title!r} has a line for every replica, and its legend names none: lines with one name"
        yield fault("rate-without-sum", query, message, "sum by (the labels of the legend) (rate(...[5m]))")
    errors = re.search(r"5\.\.|5xx|\b50\d\b", text)
    if re.search(r"error\s*(rate|ratio|%)", title, re.I) and errors and "/" not in text:
        message = f"panel {title!r} shows errors a second, not their share: it rises with the load"
        fix = "divide by the rate of all requests"
        yield fault("error-rate-without-total", query, message, fix)
    if limits_503 and errors:
        message = f"panel {title!r} counts 5xx: requests over the limit are answered 503 by nginx, which the services' "
        message += "own metric never sees and an edge metric would count as errors"
        fix = "set limit_req_status 429 and give rejections a panel of their own"
        yield fault("rejections-counted-as-errors", query, message, fix)
