"""KEDA's ScaledObject to the scenario's autoscaler: the HPA that KEDA makes of its triggers, and the way to zero."""

from __future__ import annotations

import re

from novamodel.importers.kubernetes.hpa import behavior_of
from novamodel.importers.kubernetes.metric_words import Shown, key_of, metric_said, shown_by_query
from novamodel.importers.node import Node
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario.scaling_metric import WEEKDAYS

KEDA = "documented: KEDA"
_DEFAULT_MAX = 100
_CLOCK = re.compile(r"(\d{1,2})\s+(\d{1,2})\s+(\S+)\s+(\S+)\s+(\S+)")
_DAY = {word[:3].lower(): (number + 1) % 7 for number, word in enumerate(WEEKDAYS)}
"""Names of days as cron numbers them: Sunday is 0."""
_NO_PLACE = "this trigger has no place in the model"


def scaled_by(objects: list[Node], box: Node, draft: Draft) -> tuple[Said, ...]:
    """What the (first) ScaledObject of a workload says; nothing where no trigger of it is modelled."""
    found = objects[0]
    spec = found["spec"]
    taken: set[str] = set()
    goals = [said for trigger in spec["triggers"] for said in _trigger(trigger, box, taken, draft)]
    low, high = whole(spec["minReplicaCount"].value), whole(spec["maxReplicaCount"].value)
    if not goals:
        words = ", ".join(f"{key} {spec[key].text}" for key in ("minReplicaCount", "maxReplicaCount") if spec[key])
        name = found.at("metadata", "name").text
        draft.leave(found.file, found["kind"].line, f"ScaledObject {name}: {words}", "none of its triggers is modelled")
        return ()
    said = [Said("autoscaler", None, found.file, spec.line)]
    if isinstance(low, int) and low > 0:
        said.append(Said("autoscaler.min_replicas", low, spec["minReplicaCount"].file, spec["minReplicaCount"].line))
    if isinstance(high, int):
        said.append(Said("autoscaler.max_replicas", high, spec["maxReplicaCount"].file, spec["maxReplicaCount"].line))
    else:
        why = f"{KEDA}: maxReplicaCount left out"
        said.append(Said("autoscaler.max_replicas", _DEFAULT_MAX, found.file, spec.line, why, "documented"))
    behavior = spec.at("advanced", "horizontalPodAutoscalerConfig", "behavior")
    return (*said, *goals, *_to_zero(spec, draft), *behavior_of(behavior))


def _to_zero(spec: Node, draft: Draft) -> list[Said]:
    """Whether the last replica goes, and when KEDA looks."""
    low, idle = spec["minReplicaCount"], spec["idleReplicaCount"]
    zero = low if low and not idle else idle
    to_zero = not zero or whole(zero.value) == 0
    place = zero or spec
    why = "" if zero else f"{KEDA}: minReplicaCount left out is 0"
    said = [Said("autoscaler.keda", None, spec.file, spec.line)]
    said.append(Said("autoscaler.keda.to_zero", to_zero, place.file, place.line, why, "file" if zero else "documented"))
    for key, path in (("pollingInterval", "polling_interval"), ("cooldownPeriod", "cooldown")):
        if spec[key]:
            said.append(Said(f"autoscaler.keda.{path}", seconds(spec[key].value), spec[key].file, spec[key].line))
    if spec["initialCooldownPeriod"]:
        place = spec["initialCooldownPeriod"]
        draft.leave(spec.file, place.line, "initialCooldownPeriod of a ScaledObject", "no place in the model")
    return [*said, *_fallback(spec["fallback"], draft)]


def _fallback(found: Node, draft: Draft) -> list[Said]:
    """Replicas while a trigger has no answer; those that depend on the replicas there are left out."""
    style = found["behavior"].text or "static"
    if not found or style != "static":
        if found:
            draft.leave(found.file, found.line, f"fallback of a ScaledObject: {style}", "no place in the model")
        return []
    return [
        Said(f"autoscaler.keda.fallback.{path}", whole(found[key].value), found[key].file, found[key].line)
        for key, path in (("failureThreshold", "failure_threshold"), ("replicas", "replicas"))
        if found[key]
    ]


def _trigger(trigger: Node, box: Node, taken: set[str], draft: Draft) -> list[Said]:
    kind, data = trigger["type"].text, trigger["metadata"]
    if kind in ("cpu", "memory"):
        said = _resource(trigger, kind, box, taken)
    elif kind == "cron":
        said = _cron(trigger, taken, draft)
    else:
        said = _external(trigger, kind, taken)
    if not said:
        words = ", ".join(f"{key} {node.text[:60]}" for key, node in data.entries() if node.text)
        draft.leave(trigger.file, trigger.line, f"trigger {kind or '?'}: {words}"[:200], _NO_PLACE)
    return said


def _resource(trigger: Node, kind: str, box: Node, taken: set[str]) -> list[Said]:
    data = trigger["metadata"]
    value, container = data["value"], data["containerName"]
    style = trigger["metricType"].text or data["type"].text or "Utilization"
    if container and container.text != box["name"].text:
        return []
    number = whole(value.value)
    if style == "Utilization" and isinstance(number, int | float):
        return [Said(f"autoscaler.{kind}_target", f"{number} %", value.file, value.line)]
    if style == "AverageValue" and value:
        return metric_said(key_of(kind, taken), "Resource", Shown(kind), trigger, "average_target", value)
    return []


def _external(trigger: Node, kind: str, taken: set[str]) -> list[Said]:
    """A trigger on a queue or on Prometheus: an External metric, AverageValue unless it says Value."""
    data = trigger["metadata"]
    shown, goal, active, default = None, data["value"], data["activationValue"], None
    if kind == "prometheus":
        shown, goal, active = shown_by_query(data["query"].text), data["threshold"], data["activationThreshold"]
    elif kind == "rabbitmq" and data["mode"].text in ("", "QueueLength"):
        goal, default = goal or data["queueLength"], "20"
        shown = Shown("queue depth" if data["excludeUnacknowledged"].text == "true" else "queue messages")
    elif kind == "aws-sqs-queue":
        goal, active, default = data["queueLength"], data["activationQueueLength"], "5"
        shown = Shown("queue depth" if data["scaleOnInFlight"].text == "false" else "queue messages")
    elif kind in ("redis", "redis-cluster", "redis-sentinel"):
        goal, active, default = data["listLength"], data["activationListLength"], "5"
        shown = Shown("queue depth")
    if shown is None or (not goal and default is None):
        return []
    style = trigger["metricType"].text or "AverageValue"
    field = "value_target" if style == "Value" else "average_target"
    key = key_of(trigger["name"].text or kind, taken)
    said = metric_said(key, "External", shown, trigger, field, goal, default)
    if active:
        said.append(Said(f"autoscaler.metrics.{key}.activation", whole(active.value), active.file, active.line))
    return said


def _cron(trigger: Node, taken: set[str], draft: Draft) -> list[Said]:
    """So many replicas between two times of the day, on certain days of the week; across midnight they are two series.

    Days of the month and months are not read, and days of the week where those of the end do not fit the start's.
    """
    data = trigger["metadata"]
    start, end = (_CLOCK.fullmatch(data[key].text.strip()) for key in ("start", "end"))
    count = whole(data["desiredReplicas"].value)
    if not start or not end or not isinstance(count, int) or count < 1:
        return []
    begin, close = (f"{int(one[2]):02d}:{int(one[1]):02d}" for one in (start, end))
    if begin == close or max(int(one[2]) for one in (start, end)) > 23 or max(int(one[1]) for one in (start, end)) > 59:
        return []
    night = begin > close
    days, last = (_days_of(one[5]) for one in (start, end))
    following = sorted((day + night) % 7 for day in days)
    if start.group(3, 4) != ("*", "*") or end.group(3, 4) != ("*", "*") or not days or last != following:
        days = following = list(range(7))
        what = f"cron days {' '.join(start.group(3, 4, 5))}"
        draft.leave(trigger.file, data["start"].line, what, "every day is taken")
    if data["timezone"].text not in ("", "UTC", "Etc/UTC"):
        what = f"cron timezone {data['timezone'].text}"
        draft.leave(trigger.file, data["timezone"].line, what, "times of day are the scenario's")
    said = _series(trigger, [(begin, count)] if night else [(begin, count), (close, 0)], days, taken)
    if night and close != "00:00":
        said += _series(trigger, [("00:00", count), (close, 0)], following, taken)
    return said


def _series(trigger: Node, steps: list[tuple[str, int]], days: list[int], taken: set[str]) -> list[Said]:
    """A series over the day, on these days of the week (0 = Monday)."""
    line = [list(step) for step in (steps if steps[0][0] == "00:00" else [("00:00", 0), *steps])]
    key = key_of(trigger["name"].text or "cron", taken)
    said = metric_said(key, "External", Shown("series"), trigger, "average_target", trigger["nothing"], "1")
    place = trigger.at("metadata", "start")
    said.append(Said(f"autoscaler.metrics.{key}.series", line, place.file, place.line))
    if len(days) < 7:
        words = [WEEKDAYS[day] for day in days]
        said.append(Said(f"autoscaler.metrics.{key}.days", words, place.file, place.line))
    return said


def _days_of(text: str) -> list[int]:
    """Days of the week of a cron line, 0 = Monday; none where it is written otherwise."""
    if text in ("*", "?"):
        return list(range(7))
    found: set[int] = set()
    for part in text.lower().split(","):
        first, _, end = part.partition("-")
        begin, last = _day_of(first), _day_of(end or first)
        if begin is None or last is None:
            return []
        found |= {(day + 6) % 7 for day in range(begin, last + (8 if last < begin else 1))}
    return sorted(found)


def _day_of(word: str) -> int | None:
    """A day as cron counts, from Sunday on; 7 is Sunday too."""
    if word.isdecimal():
        return int(word) % 7 if int(word) <= 7 else None
    return _DAY.get(word[:3])
