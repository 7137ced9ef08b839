"""AWS's own worked bills, answered by the cost room: totals and lines to the cent."""

import copy

import pytest

from novamodel.errors import UserError
from novamodel.verify.aws import SUPPORTED_KINDS, agrees, answer, load_cases

CASES = load_cases()
GRADED = [case for case in CASES if case.get("graded", True)]


def test_the_examples_are_there() -> None:
    assert len(GRADED) >= 25
    assert len({case["id"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_total_and_lines_to_the_cent(case: dict) -> None:
    given = answer(case)
    assert agrees(case, given), (given, case["stated_total"], case["stated_lines"])


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_a_wrong_total_or_line_does_not_agree(case: dict) -> None:
    """The comparison has teeth: a cent or two more (or one per mille) on what is stated is a disagreement."""
    given = answer(case)
    step = max(0.011, 0.001 * case["stated_total"]) + case["recomputes_within"]
    wrong = copy.deepcopy(case)
    wrong["stated_total"] += step
    assert not agrees(wrong, given)
    for line in range(len(case["stated_lines"])):
        wrong = copy.deepcopy(case)
        wrong["stated_lines"][line]["amount"] += step
        assert not agrees(wrong, given)


def test_every_kind_is_answered_and_none_by_nothing() -> None:
    assert {case["kind"] for case in CASES} <= set(SUPPORTED_KINDS)
    assert all(answer(case).total > 0 for case in GRADED)


def test_what_is_not_answered_says_why() -> None:
    with pytest.raises(UserError, match="AmazonNeptune"):
        answer({**CASES[0], "kind": "AmazonNeptune"})
    far = next(case for case in CASES if case["id"] == "calc-nat-1az")
    with pytest.raises(UserError, match="no price of nat"):  # neither printed nor in a book of the region
        answer({**far, "region": "sa-east-1", "unit_prices_used": {}})


def example(kind: str, inputs: dict, prices: dict, lines: list[float], total: float) -> dict:
    return {
        "id": "own",
        "kind": kind,
        "region": "us-east-1",
        "inputs": inputs,
        "unit_prices_used": prices,
        "rounding": "cent per line",
        "total_period": "month",
        "stated_lines": [{"name": f"line {number}", "amount": amount} for number, amount in enumerate(lines)],
        "stated_total": total,
        "recomputes_within": 0.0,
    }


# Further bills, worked out by hand from AWS's rules; the inputs are those of the pages named, from memory.
FURTHER = [
    # AWS Savings Plans user guide, scenario 4: an EC2 instance plan of 3.00 for r5, of which 0.60
    # is lost, and a compute plan of 16.80, which Fargate takes up; 32.70 stays on demand.
    example(
        "SavingsPlans",
        {
            "usage_in_hour": next(c for c in CASES if c["id"] == "sp-1-all-covered")["inputs"]["usage_in_hour"],
            "compute_sp_commitment": 16.8,
            "ec2_instance_sp_r5_commitment": 3.0,
        },
        {},
        [32.7],
        52.5,
    ),
    # The same guide, scenario 3: two reserved r5.4xlarge, then a compute plan of 18.20.
    example(
        "SavingsPlans",
        {
            "usage_in_hour": next(c for c in CASES if c["id"] == "sp-1-all-covered")["inputs"]["usage_in_hour"],
            "compute_sp_commitment": 18.2,
            "reserved_r5_4xlarge": 2,
        },
        {},
        [32.7],
        50.9,
    ),
    # AWS S3 FAQ: 1 TB a day from S3 and from EC2 over 31 days, 1 GB free inside the first tier.
    example(
        "AWSDataTransfer",
        {"s3_tb_per_day": 1, "ec2_tb_per_day": 1, "days": 31, "tb_gb": 1024, "free_gb": 1},
        {},
        [921.51, 3481.6, 860.16],
        5263.27,
    ),
    # AWS CloudWatch page: 17,000 custom metrics.
    example("AmazonCloudWatch", {"metrics": 17000}, {"tiers": [0.3, 0.1]}, [3000.0, 700.0], 3700.0),
    # RDS gp3: 500 GB with 15,000 IOPS and 600 MiB/s pays 3,000 IOPS and 100 MiB/s above what is included.
    example(
        "AmazonRDS",
        {"engine": "PostgreSQL", "storage": "gp3", "gb": 500, "iops": 15000, "throughput_mibps": 600},
        {},
        [57.5, 60.0, 8.0],
        125.5,
    ),
    # AWS API Gateway page: HTTP APIs count one request for each 512 KB; a WebSocket message for each 32 KB.
    example(
        "AmazonApiGateway",
        {"api": "HTTP", "requests_per_minute": 100, "request_kb": 513, "response_kb": 5, "days": 30},
        {},
        [8.64],
        8.64,
    ),
    example(
        "AmazonApiGateway",
        {"users": 1000, "hours_per_day": 12, "sent_per_user_day": 20, "received_per_user_day": 20, "message_kb": 33},
        {},
        [2.4, 5.4],
        7.8,
    ),
    # AWS Route 53 page: DNS firewall of 10,000 domains and 1,500 million queries.
    example("AmazonRoute53", {"domains": 10_000, "queries": 1_500_000_000}, {}, [5.0, 600.0, 200.0], 805.0),
    # AWS Fargate page: a Windows task pays for 5 minutes at least, and a licence a vCPU.
    example(
        "AWSFargate",
        {
            "tasks": 10,
            "runs_per_day": 1,
            "seconds_per_run": 100,
            "days": 30,
            "vcpu": 1,
            "memory_gb": 2,
            "os": "windows",
        },
        {"vcpu_second": 0.0000254, "gb_second": 0.0000028, "os_vcpu_second": 0.0000128},
        [2.29, 0.50, 1.15],
        3.94,
    ),
    example("AmazonVPC", {"endpoints": 2, "azs": 3, "gb_per_eni": 100, "hours": 720}, {}, [43.2, 6.0], 49.2),
    example("AmazonVPC", {"in_use": 2, "idle": 1, "hours": 730}, {}, [7.3, 3.65], 10.95),
    example("awswaf", {"web_acls": 1, "requests": 10_000_000}, {}, [5.0, 6.0], 11.0),
]


@pytest.mark.parametrize("case", FURTHER, ids=lambda case: f"{case['kind']}-{case['stated_total']}")
def test_further_worked_figures(case: dict) -> None:
    given = answer(case)
    assert agrees(case, given), given
