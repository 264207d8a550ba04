"""A password is typed while somebody else saves the same object."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from clusters.edits import judging
from clusters.edits.refusals import RevisionMismatch
from clusters.kube.client import Door
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office

_HOLDERS: list[tuple[Any, str]] = [(judging, "judge"), (Door, "secret_write")]


def _password(kube: RunningCluster) -> str:
    secret = kube.call(kube.server.store.get, "secrets", NAMESPACE, "tor-1-bgp-password")
    assert secret is not None
    return base64.b64decode(secret["data"]["password"]).decode()


def _before(monkeypatch: pytest.MonkeyPatch, holder: tuple[Any, str], name: str, act: Any) -> None:
    """Let something happen right before the next call of a function."""
    real = getattr(holder, name)

    def late(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(holder, name, real)
        act()
        return real(*args, **more)

    monkeypatch.setattr(holder, name, late)


@pytest.mark.parametrize(
    ("holder", "password", "note"), [(_HOLDERS[0], "first", ""), (_HOLDERS[1], "second", "Only the new password")]
)
def test_who_loses_has_not_changed_the_password_or_is_told(
    kube: RunningCluster,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    holder: tuple[Any, str],
    password: str,
    note: str,
) -> None:
    row = office.save(peer(), password="first")
    _before(monkeypatch, *holder, lambda: office.save(row.manifest | {"spec": {**row.spec, "holdTime": "90s"}}))
    with pytest.raises(RevisionMismatch) as mismatch:
        office.save(row.manifest, password="second", base_revision=row.revision)
    assert (_password(kube), office.row().hold_time) == (password, "90s")
    assert mismatch.value.note.startswith(note)
    assert bool(mismatch.value.note) == bool(note)


@pytest.mark.parametrize("holder", _HOLDERS)
def test_who_does_not_mind_what_stands_wins(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch, holder: tuple[Any, str]
) -> None:
    row = office.save(peer(), password="first")
    _before(monkeypatch, *holder, lambda: office.save(row.manifest | {"spec": {**row.spec, "holdTime": "90s"}}))
    assert office.save(row.manifest, password="second").revision == row.revision + 2
    assert (_password(kube), office.row().hold_time) == ("second", None)
