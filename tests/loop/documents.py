"""The BGPPeers of the OpenShift documentation as its readers copy them, and the BFD profile that one of them names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).resolve().parent.parent / "data" / "documented" / "bgppeers.yaml"
# The page only names it. Its intervals leave room for machines that are busy with other things for a second.
PROFILE = """\
apiVersion: metallb.io/v1beta1
kind: BFDProfile
metadata:
  name: doc-example-bfd-profile-full
  namespace: metallb-system
spec:
  receiveInterval: 1000
  transmitInterval: 1000
  detectMultiplier: 5
  echoMode: false
  passiveMode: true
  minimumTtl: 254
"""


def manifest(text: str) -> dict[str, Any]:
    """A document's content."""
    found: dict[str, Any] = yaml.safe_load(text)
    return found


DOCUMENTS: dict[str, str] = {
    manifest(text)["metadata"]["name"]: text for text in _FILE.read_text(encoding="utf-8").split("---\n")
}
DEFAULTS = {"disableMP": False, "dualStackAddressFamily": False, "peerPort": 179}
"""What the cluster adds to each of them: the CRD's defaults for fields that are not set."""
