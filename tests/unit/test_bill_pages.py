"""AWS's own worked examples of further kinds, declared in Terraform with a usage file: the way that users ask.

The figures are those of AWS's pricing and documentation pages (Lambda, KMS, WAF, API Gateway, Kinesis, EBS direct APIs)
with today's prices, or AWS's rules worked out by hand; always-free allowances are taken off as the pages do.
"""

from decimal import Decimal
from pathlib import Path

import pytest

import novamodel as nm

FOLDER = Path(__file__).parents[1] / "bills" / "pages"
EXAMPLES = {
    # 3 million requests of a second at 512 MB, less 1 million requests and 400,000 GB-seconds
    "lambda.requests": "0.40",
    "lambda.x86.duration": "18.33",
    # a key, 2,010,000 requests less 20,000
    "kms.key": "1.00",
    "kms.requests": "5.97",
    # 100,000 requests of each kind (EBS User Guide, pricing of direct APIs)
    "ebs.snapshot_api.list": "0.06",
    "ebs.snapshot_api.get": "0.30",
    "ebs.snapshot_api.put": "0.60",
    "sfn.transitions": "2.50",  # 104,000 less 4,000
    # 10 GB all month; 50,000 requests a second of a KB for an hour
    "elasticache.serverless.redis.storage": "912.50",
    "elasticache.serverless.redis.ecpu": "0.61",
    # 100 records of 35 KB a second: four shards, two payload units a record
    "kinesis.shard.hour": "43.80",
    "kinesis.put": "7.26",
    # a web ACL with 19 rules and 10 million requests
    "waf.web_acl": "5.00",
    "waf.rule": "19.00",
    "waf.requests": "6.00",
    # 1,000 users with 1,000 messages a day, connected for 12 hours
    "apigateway.websocket.messages": "30.00",
    "apigateway.websocket.minutes": "5.40",
    "secrets.secret": "1.60",
    "secrets.api": "2.00",  # 100,000 calls of each of four secrets
    "sqs.requests": "4.00",  # 11 million less one
    # 30 GB of logs in less the 5 GB that ingestion, storage and queries share; 6 GB when compressed
    "cloudwatch.logs.ingest": "12.50",
    "cloudwatch.logs.storage": "0.18",
    "route53.hosted_zone": "0.50",
    "route53.queries": "500.00",  # a billion at 0.40, half a billion at 0.20 a million
    # 2,000 GB of gp3 with 10,000 IOPS and 500 MiB/s: 7,000 and 375 above what it includes
    "ebs.gp3.storage": "160.00",
    "ebs.gp3.iops": "35.00",
    "ebs.gp3.throughput": "15.00",
    "eks.cluster.extended": "438.00",
}


@pytest.fixture(scope="module")
def amounts() -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in nm.bill(nm.load(FOLDER).override({"pricing.free_allowances": True})).mid.lines:
        found[line.key] = found.get(line.key, Decimal(0)) + line.amount
    return found


@pytest.mark.parametrize("key", EXAMPLES)
def test_an_example_to_the_cent(amounts: dict[str, Decimal], key: str) -> None:
    assert str(amounts[key]) == EXAMPLES[key]


def test_no_line_is_without_an_example(amounts: dict[str, Decimal]) -> None:
    assert set(amounts) == set(EXAMPLES)


def test_allowances_are_taken_off_when_they_are_asked_for_alone() -> None:
    lines = {line.key: line.quantity for line in nm.bill(nm.load(FOLDER)).mid.lines}
    assert lines["lambda.requests"] == 3  # million
    assert lines["lambda.x86.duration"] == 1_500_000
    assert lines["sfn.transitions"] == 104  # thousand
