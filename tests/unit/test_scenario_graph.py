"""A system as a graph: every part of the language, and each mistake in it as one line with its place."""

import json

import jsonschema
import pytest

from novamodel.cli.schema import file_schema
from novamodel.errors import UserError
from novamodel.scenario import Scenario, load_scenario
from novamodel.scenario.graph import RouteOf, called, unused_parts
from novamodel.yamlfile import read_mapping

GRAPH = """
name: graph
traffic:
  peak: 20 requests/s
  night: 5 requests/s
  mix: {get: 75 %, put: 25 %}
  caller: {retries: 2, backoff: exponential, jitter: full}
  also:
    office:
      loop: closed
      via: direct
      users: 20
      think: 3 s exponential
      sessions:
        read: {share: 80 %, routes: [get, get]}
        write: {share: 20 %, routes: [get, put]}
    jobs: {loop: periodic, every: 10 s, via: back, mix: {put: 100 %}}
services:
  api:
    pool: {max: 4}
    pools: {ledger: {max: 2}}
    routes:
      get:
        - cpu: 139 us idle 305 us lognormal 0.5
        - call: stock.level
        - cache: {op: get, keyspace: k, on_miss: [{sql: [read]}]}
      put:
        - parallel:
            - [{call: {to: payments, optional: true, caller: {retries: 1, timeout: 300 ms}}}]
            - [{wait: 2 ms gamma 2}]
        - sql: [book]
          database: ledger
        - publish: mails
  stock:
    routes: {level: [{cpu: {mixture: [[90 %, 1 ms], [10 %, 20 ms]]}}]}
  mailer:
    routes: {send: [{cpu: 1 ms}, {call: payments, chance: 1 %}]}
    consumers: {mails: {queue: mails, route: send, concurrency: 5}}
database: {statements: {read: {cpu: 1 ms}}}
databases: {ledger: {instance_class: db.t4g.medium, statements: {book: {cpu: 2 ms}}}}
cache: {keyspaces: {k: {keys: 100}}}
caches: {far: {node_type: cache.t4g.small}}
edges: {back: {limits: {api: {rate: 10r/s}}}}
queues: {mails: {}}
externals: {payments: {latency: 60 ms lognormal 0.5, failures: 1 %}}
"""


def written(folder, text, name="graph.yaml"):
    (folder / name).write_text(text)
    return folder / name


@pytest.fixture
def graph(tmp_path) -> Scenario:
    return load_scenario(written(tmp_path, GRAPH))


def test_names_are_resolved(graph):
    assert called(graph, "level") == called(graph, "stock.level") == RouteOf("stock", "level")
    assert called(graph, "payments") == "payments"
    assert graph.entry_routes == ("get", "put")
    assert list(graph.all_databases) == ["main", "ledger"]
    assert unused_parts(graph) == ["caches.far"]
    assert graph.services["stock"].routes["level"][0].cpu.busy == pytest.approx(2.9e-3)


def test_further_sources_are_populations_of_their_own(graph):
    assert list(graph.traffic.everyone) == ["customers", "office", "jobs"]
    assert graph.traffic.also["office"].routes == ("get", "put")
    assert graph.with_load(2).traffic.also["office"].users == 40
    assert graph.with_load(2).traffic.populations["customers"].clients == 20_000


def test_further_machines_say_what_they_hold(graph):
    assert graph.databases["ledger"].cores == 2
    assert graph.origin("databases.ledger.cores").kind == "derived"
    assert graph.caches["far"].memory > 2**30
    assert graph.origin("caches.far.memory").kind == "derived"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("{get: 75 %,", "{gett: 75 %,", 6, "traffic.mix.gett: names route 'gett', which no service answers (valid: n"),
        ("routes: [get, put]", "routes: [get, putt]", 16, "also.office.sessions.write.routes.1: names route 'putt'"),
        ("share: 20 %", "share: 30 %", 14, "also.office.sessions: the shares of sessions add up to 110 %"),
        ("via: back", "via: bakc", 17, "traffic.also.jobs.via: 'bakc' is no edge (valid: nearest: back)"),
        ("users: 20", "users: 20\n      peak: 3/s", 13, "office.peak: peak is for loop: open; this source is closed"),
        ("loop: periodic, ", "", 17, "traffic.also.jobs.every: every is for loop: periodic; this source is open"),
        ("sessions:\n", "mix: {get: 100 %}\n      sessions:\n", 14, "traffic.also.office.mix: sessions say which"),
        (
            "via: back,",
            "via: back, populations: {customers: {share: 100 %, clients: 1}},",
            17,
            "jobs.populations.customers: population 'customers' belongs to source main too",
        ),
        ("    jobs:", "    main:", 17, "traffic.also.main: 'main' is the source that stands by itself"),
        ("think: 3 s exp", "think: 3 s idle 5 s exp", 13, "traffic.also.office.think.idle: idle would change nothing"),
        ("call: stock.level", "call: stok.level", 25, "api.routes.get.1.call: 'stok.level' is no route of a service"),
        ("call: stock.level", "call: api.get", 23, "services.api.routes.get: calls itself without an exit: api.get ->"),
        ("to: payments", "to: paymnts", 29, "put.0.parallel.0.0.call: 'paymnts' is no route of a service and no ext"),
        ("optional: true", "optinal: true", 29, "unknown key 'optinal' (valid: did you mean 'optional'"),
        ("gamma 2", "gamma", 30, "parallel.1.0.wait: a gamma demand needs form between 0.05 and 100"),
        ("wait: 2 ms", "wait: -2 ms", 30, "parallel.1.0.wait: '-2 ms gamma 2' is not a demand"),
        ("wait: 2 ms", "wait: 2 ms idle 3 ms", 30, "put.0.parallel.1.0.wait.idle: idle would change nothing here"),
        ("database: ledger\n", "database: leger\n", 32, "routes.put.1.database: 'leger' is no database (valid: near"),
        ("pools: {ledger", "pools: {leger", 21, "services.api.pools.leger: 'leger' is no further database (valid: ne"),
        ("    pools: {ledger: {max: 2}}\n", "", 30, "runs sql, but the service has no pool to it (services.api.pools"),
        ("sql: [book]", "sql: [look]", 31, "put.1.sql.0: names statement 'look', which databases.ledger.statements"),
        ("[{sql: [read]}]", "[{sql: [reed]}]", 26, "get.2.cache.on_miss.0.sql.0: names statement 'reed', which"),
        ("[{sql: [read]}]", "[{sql: [{wait: 1 ms}]}]", 26, "cache.on_miss.0.sql: only cpu steps and statement names"),
        ("keyspace: k,", "keyspace: k, store: faar,", 26, "get.2.cache.store: 'faar' is no cache (valid: nearest: far"),
        ("keyspace: k,", "keyspace: k, store: far,", 26, "names keyspace 'k', which caches.far.keyspaces lacks"),
        ("publish: mails", "publish: mail", 33, "services.api.routes.put.2.publish: 'mail' is no queue (valid: near"),
        (
            "[90 %, 1 ms]",
            "[80 %, 1 ms]",
            35,
            "stock.routes.level.0.cpu.mixture: the shares of the mixture add up to 90",
        ),
        ("[90 %, 1 ms]", "[90 %, 1]", 35, "level.0.cpu.mixture.0.1: "),
        ("{mixture: [[90", "{busy: 1 ms, mixture: [[90", 35, "busy is 0.001 s, the mean of the mixture is 0.0029 s"),
        ("{queue: mails,", "{queue: mial,", 38, "services.mailer.consumers.mails.queue: 'mial' is no queue (valid:"),
        ("route: send", "route: sned", 38, "mailer.consumers.mails.route: 'sned' is no route of this service"),
        ("{call: payments, chance: 1 %}", "{publish: mails}", 37, "mailer.routes.send: calls itself without an exit"),
        (
            "{call: payments, chance: 1 %}",
            "{parallel: [[{publish: mails, chance: 90 %}], [{publish: mails, chance: 15 %}]]}",
            37,
            "mailer.routes.send: calls itself without an exit: mailer.send -> mailer.send",
        ),
        ("db.t4g.medium", "db.t4g.mediun", 40, "databases.ledger.instance_class: RDS class 'db.t4g.mediun' is not"),
        ("limits: {api:", "limits: {apj:", 43, "edges.back.limits.apj: 'apj' is no service and no route (valid: nea"),
        ("failures: 1 %", "failures: 101 %", 45, "externals.payments.failures"),
        ("latency: 60 ms", "latency: 60 ms idle 70 ms", 45, "externals.payments.latency.idle: idle would change not"),
        ("externals: {payments", "externals: {put", 29, "'payments' is no route of a service and no external"),
        ("queues: {mails: {}}", "databases: {main: {cores: 2}}", 41, "duplicate key"),
        ("op: get, keyspace: k", "op: set, keyspace: k", 26, "cache.on_miss: only a get misses, not a set"),
        ("{keys: 100}", "{keys: 100, popularity: zpif 1}", 41, "cache.keyspaces.k.popularity: 'zpif 1' is not a"),
        ("{keys: 100}", "{keys: 100, value_size: big}", 41, "cache.keyspaces.k.value_size: 'big' is not a quantity"),
        (
            "limits: {api: {rate: 10r/s}}",
            "limits: {api: {rate: 10r/s, zone: a}, get: {rate: 9r/s, zone: a}}",
            43,
            "edges.back.limits.get: zone 'a' has rate 10r/s at api, not 9r/s",
        ),
        ("failures: 1 %", "burst: 3", 45, "externals.payments.burst: burst changes nothing without a rate"),
        ("failures: 1 %", "over_limit: wait", 45, "over_limit changes nothing without a concurrency"),
        ("retries: 2, b", "base: 1 min, b", 7, "traffic.caller.base: base 60 s is above cap 20 s"),
        ("retries: 2,", "breaker: {failure_share: 1 %, window_calls: 5},", 7, "min_calls 10 never come together in a"),
        ("peak: 20 requests/s", "shape: []", 4, "traffic.shape: 'shape' is empty (valid: weekday, constant, or"),
        ("databases: {ledger", "databases: {main: {cores: 2}, ledger", 40, "databases.main and database say the same"),
    ],
)
def test_a_mistake_is_one_clear_line_with_its_place(tmp_path, old, new, line, says):
    assert old in GRAPH
    with pytest.raises(UserError) as caught:
        load_scenario(written(tmp_path, GRAPH.replace(old, new, 1)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    if "duplicate" not in says:
        assert f"graph.yaml:{line}:" in str(caught.value)


@pytest.mark.parametrize(
    ("chances", "ends"), [((0.9, 0.05), True), ((0.9, 0.15), False), ((0.3, 0.3), True), ((1.0, 0.0), False)]
)
def test_requests_that_multiply_never_end(tmp_path, chances, ends):
    one, other = chances
    steps = f"[{{call: api.get, chance: {one}}}, {{then: [{{call: api.get}}], chance: {other}}}]"
    text = GRAPH.replace("level: [{cpu: {mixture: [[90 %, 1 ms], [10 %, 20 ms]]}}]", f"level: {steps}")
    if ends:
        assert load_scenario(written(tmp_path, text))
    else:
        with pytest.raises(UserError, match=r"never end|without an exit"):
            load_scenario(written(tmp_path, text))


def test_growth_round_a_longer_circle_is_seen(tmp_path):
    """api.get calls stock.level 1.5 times, which calls api.get 0.7 times: 1.05 for each."""
    text = GRAPH.replace("- call: stock.level", "- call: stock.level\n        - {call: stock.level, chance: 0.5}")
    text = text.replace("level: [{cpu:", "level: [{call: api.get, chance: 0.7}, {cpu:")
    with pytest.raises(UserError, match=r"1\.02 times on average"):
        load_scenario(written(tmp_path, text))


def test_units_and_sources_are_found_through_mappings_lists_and_what_may_be_left_out(graph):
    rows = {row["path"]: row for row in graph.resolved()}
    for path, unit in {
        "externals.payments.latency.busy": "s",
        "traffic.also.office.think.busy": "s",
        "services.api.routes.get.1.call.caller.timeout": "s",
        "services.stock.routes.level.0.cpu.mixture.1.1.busy": "s",
        "databases.ledger.memory": "B",
        "queues.mails.visibility_timeout": "s",
        "edges.back.network": "s",
    }.items():
        assert rows[path]["unit"] == unit, path
    assert rows["queues.mails.visibility_timeout"]["kind"] == "documented"
    assert rows["services.api.routes.get.1.call.caller.timeout"]["kind"] == "file"
    assert rows["edges.back.fail_timeout"]["source"] == "documented: nginx defaults"
    assert graph.origin("services.stock.routes.level.0.cpu.busy").line == 35


@pytest.mark.parametrize("name", ["rate", "pool", "latency"])
def test_a_part_may_be_called_like_a_field(tmp_path, name):
    text = GRAPH.replace("externals: {payments", f"externals: {{{name}").replace("payments", name)
    found = load_scenario(written(tmp_path, text)).override({f"externals.{name}.failures": "5 %"})
    assert found.externals[name].failures == 0.05


def test_the_schema_takes_the_file_as_it_is_written(tmp_path):
    values, _ = read_mapping(written(tmp_path, GRAPH))
    check = jsonschema.validators.validator_for(file_schema())(file_schema())
    assert [error.message for error in check.iter_errors(values)] == []
    resolved = json.loads(load_scenario(tmp_path / "graph.yaml").model_dump_json())
    assert [error.message for error in check.iter_errors(resolved)] == []
