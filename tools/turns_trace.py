"""When others than the measured threads wanted a core: events of the scheduler, by tracefs."""

from __future__ import annotations

import re
from pathlib import Path

EVENTS = ("sched_switch", "sched_wakeup", "sched_wakeup_new", "sched_migrate_task")


def start_trace(folder: Path) -> None:
    """Record the scheduler's events."""
    folder.mkdir(exist_ok=True)
    (folder / "tracing_on").write_text("0")
    (folder / "trace").write_text("")
    (folder / "trace_clock").write_text("mono")
    (folder / "buffer_size_kb").write_text("16384")
    for event in EVENTS:
        (folder / "events" / "sched" / event / "enable").write_text("1")
    (folder / "tracing_on").write_text("1")


def stop_trace(folder: Path) -> str:
    """What was recorded."""
    (folder / "tracing_on").write_text("0")
    text = (folder / "trace").read_text()
    folder.rmdir()
    return text


def foreign(trace: str, core: int, own: set[int], first: float, last: float) -> list[tuple[float, float, float]]:
    """Visits: from when to when (seconds) threads other than our own wanted the core, and what CPU they got."""
    wants: set[int] = set()
    begun = ran = came_at = 0.0
    runs = False  # one of them runs
    found: list[tuple[float, float, float]] = []
    line_form = re.compile(r"\[(\d+)\] \S+ +(\d+\.\d+): (\w+): (.*)")
    numbers = re.compile(r"(\w+)=(\S+)")
    for line in trace.splitlines():
        match = line_form.search(line)
        if not match:
            continue
        here, now, event = int(match[1]) == core, float(match[2]), match[3]
        fields = dict(numbers.findall(match[4].replace("==>", "")))
        had = bool(wants)
        if event == "sched_switch":
            left, came = int(fields["prev_pid"]), int(fields["next_pid"])
            stays = here and fields["prev_state"].startswith("R")
            (wants.add if stays and left and left not in own else wants.discard)(left)
            (wants.add if here and came and came not in own else wants.discard)(came)
            if here:
                ran += now - came_at if runs else 0.0
                came_at, runs = now, came != 0 and came not in own
        elif event == "sched_migrate_task":
            if int(fields["dest_cpu"]) != core:
                wants.discard(int(fields["pid"]))
        elif int(fields["target_cpu"]) == core and int(fields["pid"]) not in own:
            wants.add(int(fields["pid"]))
        else:
            wants.discard(int(fields["pid"]))
        if wants and not had:
            begun, ran = now, 0.0
        elif had and not wants and ran > 0 and now > first and begun < last:
            found.append((begun, now, ran))
    return [*found, (begun, last, ran)] if wants else found
