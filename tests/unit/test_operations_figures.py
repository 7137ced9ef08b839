"""What the figures of operations say: clock times, plain ticks, the objective by name."""

import math
from types import SimpleNamespace

import pandas as pd

import novamodel as nm


def test_dashboard_has_times_of_day() -> None:
    panel = {"replication": 0, "panel": "Request rate", "unit": "1/s", "truth": 10.0, "shown": 9.0}
    panels = pd.DataFrame([panel | {"clock_s": 64_800.0}, panel | {"clock_s": 65_100.0}])
    fig = nm.figures.dashboard(SimpleNamespace(panels=panels, unseen=0.033))
    assert fig.layout.title.text.startswith("<b>3.3 % of the requests")
    assert [x[-8:] for x in fig.data[0].x] == ["18:00:00", "18:05:00"]
    assert fig.layout.xaxis.type == "date"
    assert fig.layout.yaxis.title.text == "requests/s"


def rollout(**changes: object) -> pd.DataFrame:
    event = {
        "event": "rollout",
        "minutes_lost": 0.5,
        "lost_low": 0.3,
        "lost_high": 0.7,
        "ongoing": False,
        "missed_anyway": 0.0,
    }
    return pd.DataFrame([event | changes])


def test_operations_shows_the_range_of_replications_and_what_is_known_of_an_end() -> None:
    rows = [
        {"event": "rollout", "since_s": since, "p99_s": p99, "failed_share": p99 / 10}
        for p99 in (0.1, 0.3)
        for since in (0.0, 10.0)
    ]
    answer = SimpleNamespace(events=rollout(), timeline=pd.DataFrame(rows), limit_s=0.3)
    fig = nm.figures.operations(answer)
    low, high, mean = fig.data[:3]
    assert [list(line.y) for line in (low, high, mean)] == [[100, 100], [300, 300], [200, 200]]
    assert high.fill == "tonexty"
    assert "0.5 [0.3, 0.7] minutes" in fig.layout.title.text
    answer.events = rollout(minutes_lost=0.0, missed_anyway=1.0)
    assert (
        "No event costs a minute of the SLO that is not missed without it"
        in nm.figures.operations(answer).layout.title.text
    )
    answer.events = rollout(ongoing=True)
    assert "at least 0.5 minutes" in nm.figures.operations(answer).layout.title.text


def test_operations_names_the_objective_and_has_plain_ticks() -> None:
    rows = [
        {"event": "rollout", "since_s": since, "p99_s": p99, "failed_share": 0.0}
        for since, p99 in ((0.0, 0.12), (10.0, 9.9), (20.0, math.inf))
    ]
    events = rollout()
    fig = nm.figures.operations(SimpleNamespace(events=events, timeline=pd.DataFrame(rows), limit_s=0.3))
    assert "SLO p99 < 300 ms" in [note.text.replace("&lt;", "<") for note in fig.layout.annotations]
    assert "1000" in fig.layout.yaxis.ticktext
    low, high = fig.layout.yaxis.range
    assert low < math.log10(120) < math.log10(9900) < high

    bare = nm.figures.operations(SimpleNamespace(events=events, timeline=pd.DataFrame(rows), limit_s=math.inf))
    assert not [note for note in bare.layout.annotations if "SLO" in note.text]
