"""Brings AWS's published price list files from disk or from an address to a folder; the one place that downloads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from novamodel.errors import UserError

ROOT = "https://pricing.us-east-1.amazonaws.com"
PLANS = ("AWSComputeSavingsPlan", "AWSDatabaseSavingsPlans")
BLOCK = 1 << 20
TIMEOUT_S = 60


def files_of(sources: Iterable[str], folder: Path, tell: Callable[[str], None]) -> list[Path]:
    """The files that the sources name: a file, a folder of .json or .json.gz files, or an address to download."""
    found: list[Path] = []
    for number, source in enumerate(sources):
        path = Path(source)
        if "://" in source:
            ending = ".json.gz" if source.endswith(".gz") else ".json"
            found.append(download(source, folder / f"{number}{ending}", tell))
        elif path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.name.endswith((".json", ".json.gz")))
            if not inside:
                raise UserError("no price list file in this folder", file=path, valid="files .json or .json.gz")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise UserError(f"{source}: no such file", valid="a file, a folder or an address of price list files")
    return found


def published(region: str, offers: Iterable[str], root: str = ROOT) -> list[str]:
    """Addresses of the current files of a region below AWS's root: offers, and the savings plans' files."""
    found = [f"{root}/offers/v1.0/aws/{offer}/current/{region}/index.json" for offer in offers]
    for plan in PLANS:
        index = f"{root}/savingsPlan/v1.0/aws/{plan}/current/region_index.json"
        places = {entry["regionCode"]: entry["versionUrl"] for entry in _read(index)["regions"]}
        if region in places:
            found.append(urljoin(f"{root}/", places[region].lstrip("/")))
    return found


def _read(address: str) -> dict:
    with _open(address) as answer:
        try:
            return dict(json.load(answer))
        except ValueError:
            raise UserError(f"{address} is no JSON", valid="an index of AWS's price list") from None


def download(address: str, file: Path, tell: Callable[[str], None]) -> Path:
    """Copy what is at an address to a file, block by block."""
    tell(f"reading {address}")
    with _open(address) as answer, file.open("wb") as out:
        try:
            shutil.copyfileobj(answer, out, BLOCK)
        except OSError as problem:
            raise UserError(f"{address} broke off: {problem}") from None
    return file


def _open(address: str):  # type: ignore[no-untyped-def]  # urllib's answers have no common type
    from urllib.error import URLError
    from urllib.request import urlopen

    if urlsplit(address).scheme not in ("https", "http", "file"):
        raise UserError(f"{address} is no address that can be read", valid="https://, http:// or file://")
    try:
        return urlopen(address, timeout=TIMEOUT_S)
    except (URLError, OSError) as problem:
        raise UserError(f"{address} cannot be read: {getattr(problem, 'reason', problem)}") from None
