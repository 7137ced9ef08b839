"""The bill of a graph: every store, edge, queue and external once; NovaBank's is what it always was."""

from decimal import Decimal

import pytest

import novamodel as nm
from novamodel.analytic.flow import flow, hourly_rates, mean_rates
from novamodel.cost import MonthUsage, PriceMissing, QueueUse, load_book, price
from novamodel.errors import UserError
from novamodel.scenario.graph import RouteOf
from novamodel.telemetry import log_volume
from novamodel.workflows.month.between import bytes_between
from novamodel.workflows.month.days import DayUse, no_surge
from novamodel.workflows.month.network import balancers
from tests.graph_fixture import graph

SECONDS = 730 * 3600
GIB = 1024**3


@pytest.fixture(scope="module")
def cost():
    return nm.bill(graph())


def line(cost, name: str):
    found = [one for one in cost.mid.lines if one.name.startswith(name)]
    assert len(found) == 1, (name, [one.name for one in cost.mid.lines])
    return found[0]


@pytest.mark.parametrize(
    ("name", "low", "mid", "high", "lines"),
    [
        ("novabank", "843.52", "915.53", "1058.45", 21),
        ("novabank-ecs", "699.23", "771.24", "914.16", 22),
        ("novabank-compose", "421.73", "487.29", "607.81", 11),
    ],
)
def test_novabank_keeps_its_bill_to_the_cent(name, low, mid, high, lines):
    bills = nm.bill(nm.load(name))
    assert [str(one.total) for one in (bills.low, bills.mid, bills.high)] == [low, mid, high]
    assert len(bills.mid.lines) == lines


def test_the_flow_follows_calls_messages_and_misses():
    going = flow(graph(), mean_rates(graph()))
    assert going.visits == pytest.approx(
        {
            RouteOf("shop", "browse"): 80,
            RouteOf("shop", "buy"): 20,
            RouteOf("orders", "orders"): 10,
            RouteOf("orders", "place"): 20,
            RouteOf("mailer", "mail"): 20,
            RouteOf("janitor", "tidy"): 0.1,
        }
    )
    assert going.calls == pytest.approx({RouteOf("orders", "place"): 20})
    assert going.externals == pytest.approx({"bank": 20, "post": 20})
    assert going.messages == pytest.approx({"mails": 20})
    assert going.edges == pytest.approx({"main": 100, "office": 10})


def test_jobs_by_the_clock_do_not_grow_with_the_traffic():
    rates = hourly_rates(graph(), 1.1)
    assert (rates["main"][0], rates["partners"][0], rates["nightly"][0]) == pytest.approx((110, 11, 0.1))


def test_every_store_is_priced_once_by_its_name(cost):
    names = [one.name for one in cost.mid.lines]
    assert len(set(names)) == len(names)
    assert line(cost, "postgres: RDS PostgreSQL db.r6g.large").quantity == 730
    assert line(cost, "ledger postgres: RDS PostgreSQL db.t4g.medium").key.endswith("multi_az")
    assert line(cost, "ledger postgres read replica 1: RDS PostgreSQL").key == "rds.postgres.db.t4g.medium.single_az"
    assert line(cost, "cache: ").quantity == 730
    assert line(cost, "lists cache: ").quantity == 2 * 730


def test_without_the_further_parts_their_lines_go_and_no_other_changes(cost):
    """A part's cost is its own lines: nothing else on the bill knows it."""
    smaller = nm.bill(graph(caches__lists__node_type=None))
    gone = {one.name: one.amount for one in cost.mid.lines}
    for one in smaller.mid.lines:
        assert gone.pop(one.name) == one.amount
    assert [name.split(":")[0] for name in gone] == ["lists cache"]
    assert "Redis of lists: caches.lists.node_type names no ElastiCache node type" in smaller.mid.not_priced


def test_a_message_is_three_requests(cost):
    assert line(cost, "mails: SQS").quantity == Decimal(3 * 20 * SECONDS) / 10**6
    assert line(cost, "mails: SQS").amount == Decimal("63.07")  # 157.68 million at 0.40 USD
    nobody = nm.bill(graph(services__mailer__consumers={}))
    assert line(nobody, "mails: SQS").quantity == Decimal(20 * SECONDS) / 10**6  # sent, never taken


def test_free_million_and_tiers_are_those_of_all_queues_together():
    month = MonthUsage(queues=(QueueUse(name="a", requests=400_000), QueueUse(name="b", requests=1_600_000)))
    assert price(month).total == Decimal("0.16") + Decimal("0.64")
    assert price(month.model_copy(update={"free_tier": True})).total == Decimal("0.40")
    many = MonthUsage(queues=(QueueUse(name="a", requests=100e9), QueueUse(name="b", requests=1e9)))
    assert price(many).total == Decimal(40_000) + Decimal(300)


def test_no_price_of_a_queue_is_an_error_and_not_nothing():
    book = load_book()
    prices = {key: value for key, value in book.prices.items() if key != "sqs.requests"}
    with pytest.raises(PriceMissing, match="sqs"):
        price(MonthUsage(queues=(QueueUse(name="a", requests=1),)), book.__class__(**{**vars(book), "prices": prices}))


def test_answers_leave_aws_and_cross_zones(cost):
    """People and partners get their answers from AWS; the job's stays inside. Of two zones half of all bytes cross."""
    answers = 80 * 2000 + 20 * 1000 + 10 * 4000
    out = answers * SECONDS / GIB
    going = flow(graph(), mean_rates(graph()))
    sources = dict.fromkeys(graph().traffic.sources, 0.0) | {"main": 1800.0, "partners": 4000.0}
    between = bytes_between(graph(), going, sources, mean_rates(graph()))
    assert between.edge == pytest.approx(answers + 110 * 400)
    assert between.services == pytest.approx(20 * (500 + 400))
    assert between.database > 0
    assert between.cache > 0
    found = {one.key: one.quantity for one in cost.mid.lines}
    assert float(found["transfer.internet_out"]) == pytest.approx(out)
    assert float(found["transfer.cross_az"]) == pytest.approx(2 * between.total * 0.5 * SECONDS / GIB)


def test_connections_at_the_balancer_by_edge():
    scenario = graph()
    (balancer,) = balancers(scenario, DayUse(hourly_rates(scenario), {}, no_surge(scenario)), dict.fromkeys(
        scenario.traffic.sources, 0.0))  # fmt: skip
    assert balancer.new_connections_per_s == pytest.approx((100 / 10 + 10 / 2,) * 24)


def test_what_is_not_priced_is_named(cost):
    said = cost.mid.not_priced
    for text in (
        "CPU credits of the read replicas of ledger: what they use beyond their baseline",
        "PgBouncer of ledger: the pods, tasks or machine it runs on",
        "nginx: the pods or machine of the reverse proxy",
        "nginx of office: the pods or machine of the reverse proxy",
        "queue mails: redeliveries, empty receives, payloads above 64 KiB",
        "external bank: its own price, and data transfer of its calls",
        "external post: its own price, and data transfer of its calls",
    ):
        assert said.count(text) == 1, text
    assert not any("PgBouncer:" in text or "retries" in text for text in said)
    assert any("queues.mails: an SQS standard queue" in text for text in cost.assumed)
    unstated = nm.bill(graph(services__orders__response_bytes={})).mid.not_priced
    assert any(text.startswith("data transfer of calls to orders.place") for text in unstated)
    assert any(text.startswith("data transfer of route orders") for text in unstated)
    again = nm.bill(graph(traffic__also__partners__caller__retries=2)).mid.not_priced
    assert "what retries of callers add: requests are counted once" in again


def test_a_main_store_that_nothing_asks_is_not_part_of_it():
    changes = {
        "services__shop__routes__browse": [{"cpu": "1 ms"}],
        "services__shop__pool": None,
        "database__instance_class": None,
        "cache": {},
    }
    said = nm.bill(graph(**changes)).mid.not_priced
    assert not any(text.startswith(("PostgreSQL", "Redis")) for text in said)


def test_every_service_logs_what_it_answers():
    rates = mean_rates(graph())
    bytes_a_second = 100 * 500 + 30 * 300 + 20 * 100 + 0.1 * 50 + 110 * 120
    logs = log_volume(graph(), rates)
    assert logs.gib_per_day == pytest.approx(bytes_a_second * 86400 / GIB)
    assert logs.bytes_per_request == pytest.approx(bytes_a_second / 110.1)
    assert log_volume(graph(), 100).gib_per_day == pytest.approx(logs.gib_per_day)


def test_on_one_host_the_disk_holds_all_databases():
    host = {"platform": {"kind": "compose"}, "database__storage": "30 GiB"}
    cost = nm.bill(graph(**host))
    disks = [one for one in cost.mid.lines if one.key == "ebs.gp3.storage" and one.driver == "fixed"]
    without = nm.bill(graph(**host, monitoring__prometheus="none"))
    plain = [one for one in without.mid.lines if one.key == "ebs.gp3.storage" and ":" not in one.name]
    assert plain[0].quantity == 30 + 50
    assert disks
    assert any(text.startswith("queue mails") for text in cost.mid.not_priced)
    assert not any(one.key == "sqs.requests" for one in cost.mid.lines)


def test_a_graph_without_end_is_refused():
    again = {"call": "orders.place", "chance": "60 %"}
    with pytest.raises(UserError, match="without an exit"):  # before anything is priced
        graph(services__orders__routes__place=[again, again])
