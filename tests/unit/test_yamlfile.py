"""YAML with lines; duplicate keys, alias bombs, binary and empty files are refused in one sentence."""

import pytest

from novamodel.errors import UserError
from novamodel.yamlfile import read_documents, read_mapping


def write(tmp_path, text, name="s.yaml"):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_values_are_plain_and_every_path_has_its_line(tmp_path):
    values, lines = read_mapping(write(tmp_path, "a: 1\nb:\n  c: [x, 2.5]\n  d: true\ne: 1e-3\n"))
    assert values == {"a": 1, "b": {"c": ["x", 2.5], "d": True}, "e": 0.001}
    assert type(values) is dict
    assert type(values["b"]["c"][1]) is float
    assert (lines[("a",)], lines[("b", "c")], lines[("b", "c", 1)], lines[("e",)]) == (1, 3, 3, 5)


def test_several_documents(tmp_path):
    documents = read_documents(write(tmp_path, "a: 1\n---\nb: 2\n---\n"))
    assert [value for value, _ in documents] == [{"a": 1}, {"b": 2}]


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- a\n", "mapping"),
        ("a: 1\na: 2\n", "duplicate key"),
        ("a: [1\n", "not valid YAML"),
        ("a: 1\n---\nb: 1\n", "2 YAML documents"),
        (b"\x00\x01\x02\xff", "not UTF-8 text"),
        (b"a: \x00", "not text"),
        (BOMB, "aliases"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper"),
        ("? [a, b]\n: 1\n", "is not a word"),
    ],
)
def test_what_is_refused(tmp_path, text, says):
    with pytest.raises(UserError, match=says) as caught:
        read_mapping(write(tmp_path, text))
    assert "s.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_mapping(tmp_path / "nothing.yaml")
    with pytest.raises(UserError, match="folder"):
        read_mapping(tmp_path)
