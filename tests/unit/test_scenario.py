"""The scenario language: typed, strict, each value knows who set it."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import novamodel as nm
from novamodel.cli.schema import file_schema
from novamodel.errors import UserError
from novamodel.resources import params_dir
from novamodel.scenario import Scenario, load_scenario
from novamodel.scenario.graph import unused_parts
from novamodel.scenario.traffic import Traffic
from novamodel.yamlfile import read_mapping

BASE = """
name: tiny
traffic:
  peak: 20 requests/s
  night: 5 requests/s
  mix: {look: 75 %, login: 25 %}
services:
  web:
    replicas: 2
    pool: {max: 4}
    routes:
      look:
        - cpu: 139 us idle 305 us lognormal 0.5
        - cache: {op: get, keyspace: k, on_miss: [{sql: [read]}]}
      login: [{cpu: 1 ms}, {thread: 40 ms}]
database: {statements: {read: {cpu: 1 ms}}}
cache: {keyspaces: {k: {keys: 100}}}
"""


@pytest.fixture
def base(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(BASE)
    return load_scenario(file)


def test_a_value_knows_who_set_it(base):
    assert base.origin("services.web.replicas") == ("file", "", "tiny.yaml", 9)
    assert base.origin("services.web.routes.look.0.cpu.idle")[:1] == ("file",)
    default = base.origin("services.web.resources.cpu_request")
    assert default.kind == "assumed"
    assert base.origin("edge.fail_timeout").source == "documented: nginx defaults"
    assert base.origin("services.web.runtime.boot.busy").kind == "measured"
    changed = base.override({"services.web.replicas": 5})
    assert changed.origin("services.web.replicas").kind == "override"
    assert changed.services["web"].replicas == 5
    assert base.services["web"].replicas == 2


def test_every_resolved_value_has_a_kind_and_quantities_have_units(base):
    rows = {row["path"]: row for row in base.resolved()}
    assert all(row["kind"] for row in rows.values())
    assert rows["services.web.resources.memory_request"]["unit"] == "B"
    assert rows["traffic.peak"]["unit"] == "1/s"
    assert rows["run.duration"]["unit"] == "s"
    assert rows["services.web.resources.cpu_request"]["unit"] == "cores"


def test_variants_state_only_differences(tmp_path, base):
    variant = tmp_path / "more.yaml"
    variant.write_text(
        "extends: tiny.yaml\nname: more\nservices: {web: {replicas: 7}}\nsources: {services: 'assumed: a guess'}\n"
    )
    more = load_scenario(variant)
    assert more.services["web"].replicas == 7
    assert more.services["web"].routes == base.services["web"].routes
    assert more.origin("services.web.replicas") == ("assumed", "assumed: a guess", "more.yaml", 3)
    assert more.origin("services.web.pool.max").file == "tiny.yaml"


def test_hash_names_values_not_their_origin(tmp_path, base):
    other = tmp_path / "other.yaml"
    other.write_text(BASE.replace("20 requests/s", "1200 requests/min"))
    assert load_scenario(other).content_hash() == base.content_hash()
    assert base.override({"run.seed": 2}).content_hash() != base.content_hash()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("replicas: 2", "replicsa: 2", "did you mean 'replicas'"),
        ("replicas: 2", "replicas: 0", "greater than or equal to 1"),
        ("replicas: 2", "replicas: two", "integer"),
        ("peak: 20 requests/s", "peak: -20 requests/s", "greater than or equal to 0"),
        ("peak: 20 requests/s", "peak: 20", "is not a rate"),
        ("peak: 20 requests/s", "peak: .nan", "not a finite number"),
        ("night: 5", "night: 50", "above the peak"),
        ("login: 25 %", "login: 20 %", "add up to 95 %"),
        ("keyspace: k,", "keyspace: q,", "keyspaces lacks"),
        ("sql: [read]", "sql: [write]", "statements lacks"),
        ("pool: {max: 4}", "pool: null", "has no pool"),
        ("{cpu: 1 ms}, {thread", "{cpu: 1 ms, wait: 1 ms}, {thread", "exactly one"),
        ("lognormal 0.5", "lognormal", "needs sigma"),
        ("139 us idle", "139 idle", "write it like"),
        ("name: tiny", "name: tiny\noperations: [{at: '18:00'}]", "exactly one of rollout"),
        ("name: tiny", "name: tiny\noperations: [{at: '18:00', rollout: wob}]", "which is no service (services: web)"),
        ("name: tiny", "name: tiny\noperations: [{at: noon, rollout: web}]", "operations.0.at"),
        ("name: tiny", "name: tiny\noperations: [{at: '18:00', lost_zone: {zone: 3}}]", "zones: 2"),
        ("name: tiny", "name: tiny\noperations: [{at: '18:00', database_failover: {}}]", "multi_az is false"),
        ("name: tiny", "name: tiny\noperations: [{at: '18:00', cache_failover: {}}]", "cache.nodes is 1"),
        ("replicas: 2", "replicas: 2\n    rollout: {max_surge: 0, max_unavailable: 0 %}", "both 0"),
        ("replicas: 2", "replicas: 2\n    rollout: {max_surge: 2.5}", "neither a count of pods"),
        ("replicas: 2", "replicas: 2\n    rollout: {maximum: 100 %}", "both 100 %"),
        ("name: tiny", "name: tiny\nslo: [p98 < 3 s]", "not an objective"),
        ("name: tiny", "name: tiny\nslo: [p99(nobody) < 3 s]", "none of look, login"),
        ("name: tiny", "name: tiny\nextends: nothing.yaml", "does not exist"),
        ("name: tiny", "name: tiny\nsources: {services.webb: assumed}", "does not set"),
        ("name: tiny", "name: tiny\nedge: {limits: {web: {rate: 10 r/s}}}", "not an nginx rate"),
        ("name: tiny", "name: tiny\nedge: {limits: {wob: {rate: 10r/s}}}", "is no service"),
        ("pool: {max: 4}", "pool: {max: 4}\n    resources: {cpu_request: 500m, cpu_limit: 250m}", "below cpu_request"),
        (
            "pool: {max: 4}",
            "pool: {max: 4}\n    autoscaler: {min_replicas: 5, max_replicas: 3, cpu_target: 70%}",
            "above max",
        ),
        (
            "pool: {max: 4}",
            "pool: {max: 4}\n    autoscaler: {requests_target: 10/s}",
            "needs cpu_target or memory_target",
        ),
        (
            "pool: {max: 4}",
            "pool: {max: 4}\n    autoscaler: {cpu_target: 70 %, requests_target: 10/s}",
            "kind: ecs target tracking",
        ),
        (
            "pool: {max: 4}",
            "pool: {max: 4}\n    autoscaler: {kind: ecs target tracking, cpu_target: 70 %, scale_up: {}}",
            "two cooldowns",
        ),
        ("name: tiny", "name: tiny\nplatform: {kind: ecs, compute: fargate}", "needs cpu_limit"),
    ],
)
def test_a_mistake_is_one_clear_line_with_its_place(tmp_path, old, new, says):
    assert old in BASE
    file = tmp_path / "bad.yaml"
    file.write_text(BASE.replace(old, new, 1))
    with pytest.raises(UserError, match=r"bad\.yaml") as caught:
        load_scenario(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_impossible_fargate_size_names_place_and_nearest(tmp_path):
    file = tmp_path / "task.yaml"
    size = "resources: {cpu_request: 0.5, cpu_limit: 0.5, memory_request: 8 GiB, memory_limit: 8 GiB}"
    file.write_text(BASE.replace("replicas: 2", size) + "platform: {kind: ecs, compute: fargate}\n")
    with pytest.raises(UserError, match=r"task.yaml:9.*Fargate has no task of 0.5 vCPU / 8 GiB.*nearest"):
        load_scenario(file)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("services.web.replica", 3, "services.web.replicas"),
        ("service.web.replicas", 3, "does not exist"),
        ("services.web.routes.look.7", {}, "does not exist"),
        ("services.web.replicas", -1, "greater than or equal to 1"),
        ("run.duration", "0 s", "greater than 0"),
        ("run.seed", "seven", "integer"),
    ],
)
def test_override_paths_are_checked(base, path, value, says):
    with pytest.raises(UserError, match=r"override|services|run") as caught:
        base.override({path: value})
    assert says in str(caught.value)


def test_override_into_an_absent_part_makes_it(base):
    made = base.override({"database.read_replicas.lag": "2 s"}).database.read_replicas
    assert (made.count, made.lag) == (1, 2.0)
    with pytest.raises(UserError, match=r"nearest: database\.read_replicas\.count"):
        base.override({"database.read_replicas.counts": 2})
    with pytest.raises(UserError, match="is needed"):
        base.override({"edge.tls.resumed": "50 %", "gateway.latency": "1 ms"})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "traffic:\n  mix: {}",
            "more.yaml:3: traffic.mix: 'mix' is empty (valid: at least one entry: share of each route",
        ),
        (
            "traffic:\n  populations: {}",
            "more.yaml:3: traffic.populations: 'populations' is empty (valid: at least one",
        ),
        ("traffic: {}", "more.yaml:2: traffic.mix: 'mix' is needed"),
        ("services: {}", "more.yaml:2: services: 'services' is empty (valid: at least one entry: services by name)"),
        ("traffic:\n  mix:", "more.yaml:3: traffic.mix: 'mix' has no value (valid: a mapping: share of each route"),
        ("database: 3", "more.yaml:2: database: 'database' is no mapping (valid: a mapping; keys here: engine, "),
        ("slo: p99 < 1 s", "more.yaml:2: slo: 'slo' is no list (valid: a list: what counts as good)"),
        ("services: {web: {routes: {}}}", "tiny.yaml:6: traffic.mix.look: names route 'look', which no service"),
        ("database: {statements: {}}", "names statement 'read', which database.statements lacks"),
        ("cache: {keyspaces: {}}", "which cache.keyspaces lacks"),
    ],
)
def test_an_empty_mapping_empties_and_the_schema_refuses_it(base, tmp_path, more, message):
    (tmp_path / "more.yaml").write_text(f"extends: tiny.yaml\n{more}\n")
    with pytest.raises(UserError) as refused:
        load_scenario(tmp_path / "more.yaml")
    assert message in str(refused.value)


def test_an_empty_mapping_takes_away_what_the_base_says(base, tmp_path):
    (tmp_path / "limited.yaml").write_text(
        "extends: tiny.yaml\nedge: {limits: {web: {rate: 10r/s, burst: 5}}, weights: {web: [2, 1]}}\n"
    )
    (tmp_path / "free.yaml").write_text("extends: limited.yaml\nedge: {limits: {}}\n")
    free = load_scenario(tmp_path / "free.yaml")
    assert load_scenario(tmp_path / "limited.yaml").edge.limits
    assert not free.edge.limits
    assert free.edge.weights
    assert free.origin("edge.limits")[2:] == ("free.yaml", 2)


def test_extends_in_a_circle_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(UserError, match="circle"):
        load_scenario(tmp_path / "a.yaml")


def test_all_bundled_scenarios_load_and_match_the_schema():
    schema = Scenario.model_json_schema()
    names = sorted(file.stem for file in params_dir().glob("*.yaml"))
    assert {"novabank", "novabank-mail", "shop"} <= set(names)
    for name in names:
        scenario = nm.load(name)
        assert scenario.name == name
        jsonschema.validate(read_mapping(params_dir() / f"{name}.yaml")[0], file_schema())
        jsonschema.validate(json.loads(scenario.model_dump_json()), schema)
        assert unused_parts(scenario) == []


def test_schema_says_units_and_sources():
    schema = Scenario.model_json_schema()
    assert schema["$defs"]["Resources"]["properties"]["memory_request"]["x-unit"] == "B"
    missing = [
        f"{name}.{field}"
        for name, part in schema["$defs"].items()
        for field, facts in part.get("properties", {}).items()
        if "description" not in facts or ("default" in facts and "source" not in facts)
    ]
    assert missing == []


def test_written_values_are_what_the_file_says():
    written, _ = read_mapping(params_dir() / "novabank.yaml")
    scenario = nm.load("novabank")
    assert scenario.traffic.peak == 450
    assert scenario.traffic.night == 50
    assert written["slo"] == [slo.text for slo in scenario.slo]
    assert scenario.origin("edge.limits.core-api.rate").file == "nginx/nginx.conf"
    assert scenario.origin("services.core-api.autoscaler.max_replicas").file == "k8s/hpa.yaml"
    assert scenario.origin("services.core-api.routes.login.3.thread.busy").kind == "measured"


@given(st.floats(0, 86400, exclude_max=True))
def test_weekday_stays_between_night_and_peak(clock):
    traffic = Traffic(peak="450/s", night="50/s", mix={"a": 1})
    assert 50 - 1e-9 <= traffic.rate_at(clock) <= 450 + 1e-9


def test_shapes():
    weekday = Traffic(peak="450/s", night="50/s", mix={"a": 1})
    assert weekday.rate_at(18 * 3600) == 450
    assert weekday.rate_at(3 * 3600) == 50
    table = Traffic(shape=[["06:00", "10/s"], ["18:00", "30/s"]], mix={"a": 1})
    assert table.rate_at(12 * 3600) == 20
    assert table.rate_at(0) == 20
    assert Traffic(shape="constant", peak="7/s", mix={"a": 1}, night="1/s").rate_at(5) == 7
