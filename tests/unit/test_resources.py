"""Bundled folders are found from the package, whatever the current directory is."""

from pathlib import Path

import pytest

from novamodel import resources

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["data", "params", "notebooks"])
def test_checkout_folder_is_found_from_anywhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert getattr(resources, f"{name}_dir")() == ROOT / name


def test_bundled_folder_wins_over_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "novamodel" / "_bundle" / "data").mkdir(parents=True)
    monkeypatch.setattr(resources, "files", lambda package: tmp_path / package)
    assert resources.data_dir() == tmp_path / "novamodel" / "_bundle" / "data"
    assert resources.params_dir() == tmp_path / "params"
