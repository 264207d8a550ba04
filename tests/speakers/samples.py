"""Recorded vtysh output: our own under tests/data/vtysh, that of others in the folder that VTYSH_SAMPLES names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

OWN = Path(__file__).resolve().parent.parent / "data" / "vtysh"
OTHERS = Path(os.environ["VTYSH_SAMPLES"]) if "VTYSH_SAMPLES" in os.environ else None

NEIGHBORS = re.compile(
    r"show-bgp-vrf-\w+-neighbors(-[\d.]+|-unknown-peer)?\.json$|show-bgp-neighbors\.json$"
    r"|^(frrk8s|metallb)-.*(neighbors|neighbours).*\.json$|single-neighbour-template\.txt$"
)
BFD = re.compile(r"show-bfd-(vrf-\w+-)?peers(-brief)?\.json$|bfd-peers(-status)?\.json$|-peers-i-pv-\d\.json$")
ROUTES = re.compile(
    r"-ipv[46]-unicast\.json$|-routes\.json$|routes-vrf1\.json$|-neighbors-routes\.json$|vrf-vtysh\.json$|-vrfs\.json$"
)
_NOT_ROUTES = re.compile(r"advertised|received|filtered|exporter-show-bgp-ipv4-unicast-neighbors|show-bgp-vrfs")
VERSION = re.compile(r"show-version.*\.txt$")
TEXT = re.compile(r"show-running-config\.txt$|neigh(bors)?\.txt$")


def find(pattern: re.Pattern[str]) -> Iterator[Path]:
    """All samples of one command, each once."""
    seen: dict[str, Path] = {}
    for folder in filter(None, (OWN, OTHERS)):
        for path in sorted(folder.iterdir()):
            if pattern.search(path.name) and not (pattern is ROUTES and _NOT_ROUTES.search(path.name)):
                seen.setdefault(path.name, path)
    yield from seen.values()


def read(path: Path) -> bytes:
    """The output; the templates of MetalLB's tests get the values that they leave out."""
    text = path.read_text()
    if "template" in path.name:
        for value in ("172.18.0.4", "64513", "64512", "Established"):
            text = text.replace("%s", value, 1)
        text = text.replace("%s", "Up").replace("%d", "7")
    return text.encode()


def vrfs(document: bytes) -> dict[str, dict[str, object]]:
    """The members of each VRF; for the form of one VRF, under the name "default"."""
    content = json.loads(document)
    if any(isinstance(member, dict) and "vrfName" in member for member in content.values()):
        return dict(content)
    return {"default": content}
