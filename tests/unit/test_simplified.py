"""Simplified parts say so wherever they are used."""

from novamodel.cli.show import simplified_lines
from novamodel.report import conclusion, screen_text
from novamodel.scenario import Scenario, load_scenario, simplified_parts
from tests.unit.test_scenario import BASE


def _base(tmp_path) -> Scenario:
    (tmp_path / "tiny.yaml").write_text(BASE)
    return load_scenario(tmp_path / "tiny.yaml")


def test_nothing_simplified_says_nothing(tmp_path):
    assert simplified_parts(_base(tmp_path)) == ()
    assert simplified_lines(_base(tmp_path)) == []


def test_each_simplified_part_in_use_is_named_once(tmp_path):
    slow = [{"at": at, "slow_database": {"duration": "1 min"}} for at in ("17:00", "17:30")]
    used = _base(tmp_path).override(
        {"gateway": {"kind": "aws"}, "edge.tls": {}, "operations": [{"at": "18:00", "rollout": "web"}, *slow]}
    )
    found = simplified_parts(used)
    assert [part.path for part in found] == ["edge.tls", "gateway", "operations.1.slow_database"]
    assert all(part.lacks for part in found)
    assert simplified_lines(used)[0] == f"simplified: edge.tls: {found[0].lacks}"
    answer = {"simplified": [part._asdict() for part in found]}
    assert f"simplified: gateway ({found[1].lacks})" in str(conclusion(answer))
    assert "SIMPLIFIED   edge.tls (" in screen_text(answer)
    assert "SIMPLIFIED" not in screen_text({})


def test_the_schema_marks_them():
    parts = Scenario.model_json_schema()["$defs"]
    assert {name for name, part in parts.items() if "x-simplified" in part} >= {"Gateway", "Tls", "LostZone"}
    assert "x-simplified" not in parts["Service"]
