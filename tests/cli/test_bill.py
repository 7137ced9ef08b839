"""`novamodel bill`: sums, forms, regions, books, commitments, and no row wider than the terminal."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

STEADY = ("bill", "novabank", "--steady")


def total_of(text: str) -> float:
    found = re.search(r": ([\d,.]+) USD a month", text)
    assert found is not None
    return float(found[1].replace(",", ""))


def test_the_bill_says_total_range_and_what_moves_it(call: Callable) -> None:
    outcome = call(*STEADY)
    assert outcome.code == 0
    assert "915.53 USD a month; nine of ten: " in outcome.out
    assert "moved most by: log bytes" in outcome.out
    assert "hours of the day: autoscalers at rest hour by hour" in outcome.out
    assert "per million requests: 1.47 USD" in outcome.out


@pytest.mark.parametrize("width", [70, 80, 132])
def test_no_row_of_a_bill_is_wider_than_the_terminal(
    call: Callable, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (STEADY, (*STEADY, "--by", "route", "--commit", "best")):
        assert max(map(len, call(*words).out.splitlines())) <= width


def test_no_row_of_a_run_is_wider_than_the_terminal(call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    short = ("--set", "run.duration=8 s", "--set", "run.warm_up=2 s", "--engine", "simpy", "--replications", "1")
    outcome = call("run", "novabank", *short)
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert re.search(r"^  balance +core-api +[\d,]+", outcome.out, re.M), "a row of the routes stands on one line"


@pytest.mark.parametrize("by", ["service", "driver", "tier", "route"])
def test_sums_add_up_to_the_total(call: Callable, by: str) -> None:
    outcome = call(*STEADY, "--by", by)
    block = outcome.out.split(f"By {by}\n")[1].split("\n\n")[0]
    amounts = [re.split(r"  +", line.strip())[1] for line in block.splitlines()[1:]]
    assert sum(float(amount.replace(",", "")) for amount in amounts) == pytest.approx(915.53, abs=1e-6)


def test_another_region_and_a_month_of_744_hours(call: Callable) -> None:
    ireland = call(*STEADY, "--region", "eu-west-1").out
    assert total_of(ireland) > 915.53
    assert "eu-west-1" in ireland
    assert re.search(r"NAT gateway +730  hour +35\.04", ireland)
    assert "at prices from memory" in ireland
    assert re.search(r"NAT gateway +744  hour +33\.48", call(*STEADY, "--hours", "744").out)
    nowhere = call(*STEADY, "--region", "eu-north-9")
    assert nowhere.code == 2
    assert "us-east-1" in nowhere.err


def test_what_a_book_lacks_stops_the_bill_or_is_left_out_by_request(call: Callable, tmp_path: Path) -> None:
    from novamodel.cost.book_files import book_file, read_raw, write_book

    raw = read_raw(book_file("us-east-1"))
    del raw["prices"]["kms.key"]
    book = tmp_path / "book.json"
    write_book(raw, book)
    stopped = call(*STEADY, "--prices", book)
    assert stopped.code == 2
    assert "us-east-1 has no price 'kms.key'" in stopped.err
    assert "--partial leaves it out" in stopped.err
    left_out = call(*STEADY, "--prices", book, "--partial")
    assert left_out.code == 0
    assert total_of(left_out.out) == pytest.approx(914.53)
    assert "no price of kms.key in us-east-1" in " ".join(left_out.out.split())


def test_private_rates_reach_the_bill(call: Callable, tmp_path: Path) -> None:
    private, book = tmp_path / "private.yaml", tmp_path / "book.json"
    private.write_text("{region: us-east-1, source: contract, date: 2026-07-01, prices: {nat.hour: 0.03}}")
    assert call("prices", "override", private, "--to", book, "--write").code == 0
    outcome = call(*STEADY, "--prices", book)
    assert total_of(outcome.out) == pytest.approx(915.53 - 32.85 + 21.90)
    assert "21.90 private" in " ".join(outcome.out.split())
    assert call(*STEADY, "--prices", book, "--region", "eu-west-1").code == 2


def test_forms(call: Callable) -> None:
    found = json.loads(call(*STEADY, "--json").out)
    assert found == json.loads(call(*STEADY, "--format", "json").out)
    assert found["mid"] == 915.53
    assert [one["name"] for one in found["moved"]][:2] == ["log bytes", "traffic"]
    for form, column in (("csv", "amount"), ("focus", "BilledCost")):
        rows = list(csv.DictReader(io.StringIO(call(*STEADY, "--format", form).out)))
        assert sum(float(row[column]) for row in rows) == pytest.approx(915.53)
    assert {row["ChargePeriodStart"] for row in rows} == {"2026-11-01T00:00:00Z"}
    assert "| **Total** | 915.53 |" in call(*STEADY, "--format", "markdown").out


def test_commitments_as_asked_for(call: Callable) -> None:
    outcome = call(*STEADY, "--commit", "instance_sp.3yr.all_upfront:m6i=0.0722", "--json")
    found = json.loads(outcome.out)["committed"]
    # Two m6i.large at 0.096 for 8,760 hours, RDS and ElastiCache nodes beside them, on demand.
    assert found["on_demand"] == pytest.approx(12 * (140.16 + 164.25 + 46.72))
    assert found["saved"] == pytest.approx(8760 * (0.0722 / 0.03761 - 0.0722 / 0.096) * 0.096, rel=0.1)
    assert found["unused"] == 0
    lost = json.loads(call(*STEADY, "--commit", "instance_sp.3yr.all_upfront:m6i=1.0722", "--json").out)["committed"]
    assert lost["unused"] > 8000
    assert lost["saved"] < 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("compute_sp.1yr.no_upfront=0.05", "no rate of compute_sp.1yr.no_upfront for ec2.linux.m6i.large"),
        ("compute_sp.2yr.no_upfront=1", "no commitment"),
        ("instance_sp.3yr.all_upfront=1", "no instance family"),
        ("reserved.1yr.no_upfront=1", "nothing that is reserved"),
        ("reserved.1yr.no_upfront:rds.postgres.db.r6g.large.single_az=1", "has no price"),
        ("everything", "no commitment"),
    ],
)
def test_commitments_that_cannot_be(call: Callable, asked: str, words: str) -> None:
    outcome = call(*STEADY, "--commit", asked)
    assert outcome.code == 2
    assert words in outcome.err


def test_the_best_commitment(call: Callable) -> None:
    found = json.loads(call(*STEADY, "--commit", "best", "--json").out)["best_commitments"]
    assert [(best["plan"], best["what"]) for best in found] == [
        ("reserved.3yr.all_upfront", "ec2.linux.m6i.large"),
        ("instance_sp.3yr.all_upfront", "m6i"),
    ]
    assert found[0]["saved"] > found[1]["saved"] > 0
    for best in found:
        asked = f"{best['plan']}:{best['what']}={best['amount']}"
        same = json.loads(call(*STEADY, "--commit", asked, "--json").out)["committed"]
        assert same["saved"] == pytest.approx(best["saved"], rel=1e-6)


USAGE = Path(__file__).parents[1] / "bills" / "usage"


def test_declared_infrastructure_alone_has_a_bill(call: Callable) -> None:
    """It needs no service: nothing is assumed, so `--strict` holds, and what cannot be answered is refused."""
    said = json.loads(call("bill", USAGE, "--strict", "--json").out)
    keys = {line["key"]: line["amount"] for line in said["lines"]}
    assert keys["ec2.linux.t3.medium.reserved.1yr.no_upfront"] == 19.05
    assert said["requests"] == 0
    refused = call("bill", USAGE, "--platforms")
    assert refused.code == 2
    assert "no file deploys a service" in refused.err
