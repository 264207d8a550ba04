"""How the lab's admission hook is registered with the API server: a webhook for each of MetalLB's, by URL."""

from __future__ import annotations

from lab.apiserver.resources import Manifest
from lab.webhooks import WEBHOOKS

PROBE = "lab-probe"
"""A ConfigMap of this name is always refused, which shows that the API server asks."""


def webhooks_at(url: str, lab: str) -> list[Manifest]:
    """lab: the user whose writes pass unasked."""
    spared = {"name": "not-the-lab", "expression": f"request.userInfo.username != '{lab}'"}
    named = {"name": "the-probe", "expression": f"object.metadata.name == '{PROBE}'"}
    found = [_webhook(url, f"{PROBE}.metallb.io", ["CREATE"], "", "configmaps", named)]
    for kind, webhook in WEBHOOKS.items():
        plural = "communities" if kind == "Community" else f"{kind.lower()}s"
        found.append(_webhook(url, webhook.full_name, list(webhook.operations), "metallb.io", plural, spared))
    return found


def _webhook(
    url: str, name: str, operations: list[str], group: str, plural: str, condition: dict[str, str]
) -> Manifest:
    rule = {"apiGroups": [group], "apiVersions": ["*"], "resources": [plural], "operations": operations}
    return {
        "name": name,
        "rules": [rule],
        "matchConditions": [condition],
        "clientConfig": {"url": url},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
