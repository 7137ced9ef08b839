"""Images and host names: which are fixed, and which may be known elsewhere."""

from __future__ import annotations

import re

_FLOATING = re.compile(r"(latest|stable|alpine|slim|edge|nightly|main|master|current|lts|bookworm|bullseye|mainline)")


def is_fixed(image: str) -> bool:
    """Whether an image names a version: a digest, or a tag that says more than the newest; unknown ones pass."""
    if "@" in image or "$" in image or "{{" in image or not image:
        return True
    tag = image.rpartition("/")[2].partition(":")[2]
    return bool(tag) and not _FLOATING.fullmatch(tag)


def is_elsewhere(host: str) -> bool:
    """Whether a host name is an address, or one that the public DNS may know."""
    plain = host.lower().rstrip(".")
    if re.fullmatch(r"[\d.:\[\]a-f]*", plain) or "$" in plain or "{" in plain:
        return True
    return "." in plain and not re.search(r"\.svc(\.|$)|\.cluster\.local$", plain)
