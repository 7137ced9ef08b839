"""`novamodel verify`: the table, the exit code, a user's own recordings, and what is not modelled."""

import gzip
import json

import pytest

from novamodel.resources import data_dir


def recorded(name="retry.json"):
    return json.loads((data_dir() / "conformance" / name).read_text(encoding="utf-8"))


def write(folder, data, name="retry.json"):
    (folder / name).write_text(json.dumps(data), encoding="utf-8")
    return folder / name


def test_a_component_agrees(call):
    done = call("verify", "pgbouncer")
    assert done.code == 0
    assert done.out.splitlines()[1].split()[-4:] == ["25", "25", "0", "0"]
    assert done.out.splitlines()[-1] == "25 of 25 recorded cases agree, 0 differ, 0 are not modelled"


def test_a_case_that_differs_is_named_and_fails(call, tmp_path):
    data = recorded()
    wrong = data["cases"][0]
    name = next(iter(wrong["expected"]))
    wrong["expected"][name] = wrong["expected"][name] + 1
    done = call("verify", "--cases", write(tmp_path, data), "--json")
    assert done.code == 1
    found = json.loads(done.out)["files"]["retry.json"]
    assert (found["cases"], found["agreed"], found["differed"], found["not_modelled"]) == (50, 49, 1, 0)
    (difference,) = found["differences"]
    assert (difference["id"], difference["expected"]) == (wrong["id"], {name: wrong["expected"][name]})
    assert difference["got"][name] == pytest.approx(wrong["expected"][name] - 1)
    assert wrong["id"] in call("verify", "--cases", tmp_path).out


def test_what_has_no_rule_is_counted_and_said(call, tmp_path):
    data = recorded()
    data["cases"][0]["kind"] = "telepathy"
    data["cases"][1]["input"]["colour"] = "blue"
    data["cases"][2]["graded"] = False
    data["cases"][3]["tolerance"] = dict.fromkeys(data["cases"][3]["tolerance"])
    done = call("verify", "--cases", write(tmp_path, data), "--json")
    assert done.code == 0
    found = json.loads(done.out)["files"]["retry.json"]
    assert (found["cases"], found["agreed"], found["not_modelled"]) == (48, 46, 2)
    assert [one["id"] for one in found["without_rule"]] == [case["id"] for case in data["cases"][:2]]
    assert "telepathy" in found["without_rule"][0]["reason"]
    assert "colour" in found["without_rule"][1]["reason"]


def test_a_setting_without_a_rule_is_told(call, tmp_path):
    data = recorded("pgbouncer.json")
    data["cases"] = data["cases"][:2]
    data["cases"][0]["input"]["settings"]["server_tls_sslmode"] = "require"
    done = call("verify", "--cases", write(tmp_path, data, "pgbouncer.json"), "--json")
    (told,) = json.loads(done.out)["files"]["pgbouncer.json"]["without_rule"]
    assert "server_tls_sslmode" in told["reason"]


def other_files():
    """A file of each form of its own, and the places within a case where a field no rule knows may hide."""
    return {
        "hpa_behavior.json": ("config", "scale_up_rules"),
        "hpa_replica_calculator.json": ("", "pods.0", "metrics.0", "config"),
        "pg_pool.json": ("", "options", "ops.0"),
        "nginx_proxy.json": ("input.servers.0",),
        "pgbouncer.json": ("input.server", "input.events.0"),
        "retry.json": ("input.calls.0",),
        "measured_stack.json": ("topology.client", "load"),
    }


@pytest.mark.parametrize(("name", "place"), [(name, one) for name, places in other_files().items() for one in places])
def test_a_field_that_no_rule_knows_is_told_wherever_it_stands(call, tmp_path, name, place):
    data = recorded(name)
    for case in data["cases"]:
        spot = case
        try:
            for step in place.split(".") if place else ():
                spot = spot[int(step)] if isinstance(spot, list) else spot[step]
            spot["phase_of_the_moon"] = "full"
        except (KeyError, IndexError, TypeError):
            continue
        data["cases"] = [case]
        break
    done = call("verify", "--cases", write(tmp_path, data, name), "--json")
    found = json.loads(done.out)["files"][name]
    assert (found["agreed"], found["differed"], found["not_modelled"]) == (0, 0, 1)
    assert "phase_of_the_moon" in found["without_rule"][0]["reason"]


def test_the_same_of_a_line_of_a_recording_of_nginx(call, tmp_path):
    text = gzip.decompress((data_dir() / "conformance" / "nginx_limit_req.jsonl.gz").read_bytes()).decode()
    case = json.loads(text.splitlines()[0])
    case["requests"][0]["phase_of_the_moon"] = "full"
    (tmp_path / "nginx_limit_req.jsonl").write_text(json.dumps(case), encoding="utf-8")
    done = call("verify", "--cases", tmp_path, "--json")
    (told,) = json.loads(done.out)["files"]["nginx_limit_req.jsonl"]["without_rule"]
    assert "requests[].phase_of_the_moon" in told["reason"]


def test_a_recording_of_ones_own_may_have_any_name_and_be_packed(call, tmp_path):
    packed = gzip.compress(json.dumps(recorded()).encode())
    (tmp_path / "from-staging.json.gz").write_bytes(packed)
    done = call("verify", "--cases", tmp_path / "from-staging.json.gz")
    assert (done.code, done.out.splitlines()[1].split()[0]) == (0, "from-staging.json")


def test_a_file_of_an_unknown_name_is_not_modelled(call, tmp_path):
    done = call("verify", "--cases", write(tmp_path, {"cases": [{"id": "x"}, {}]}, "weather.json"))
    assert done.code == 0
    assert "2 are not modelled" in done.out


@pytest.mark.parametrize("text", ["{", "[]", '{"meta": {}}'])
def test_what_is_no_file_of_cases_is_a_mistake(call, tmp_path, text):
    (tmp_path / "retry.json").write_text(text, encoding="utf-8")
    done = call("verify", "--cases", tmp_path)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "retry.json" in done.err


def test_an_unknown_component_names_those_there_are(call, tmp_path):
    done = call("verify", "mysql")
    assert done.code == 2
    assert "pgbouncer" in done.err
    assert call("verify", "--cases", tmp_path / "nowhere").code == 2
