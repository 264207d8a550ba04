"""The Helm chart: what its values change, and that Kustomize's manifests are its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rendered import BASE, CHART, Object, chart, named, objects, overlay, pods, write_base

_OPENSHIFT = ("--values", str(CHART / "values-openshift.yaml"))
_ALL = (
    "ingress.enabled=true", "ingress.className=nginx", "ingress.tlsSecret=tls", "route.enabled=true",
    "serviceMonitor.enabled=true", "rbac.testWorkloads=true", "rbac.listSecrets=true", "rbac.labelNodes=true",
    "kubeconfigs.web=a",
    "kubeconfigs.collector=b", "metallb.frrNamespaces={one,two}", "imagePullSecrets[0].name=pull",
    "networkPolicy.from[0].podSelector.matchLabels.app=router", "settings.BGPUI_SWEEP_INTERVAL=30",
)  # fmt: skip
_NONE = (
    "rbac.exec=false",
    "postgresql.enabled=false", "redis.enabled=false", "networkPolicy.enabled=false", "admissionPolicies=false",
    "rbac.create=false", "web.replicas=1", "workers.apply.replicas=1",
)  # fmt: skip


def rendered(*values: str, more: tuple[str, ...] = ()) -> tuple[Object, ...]:
    """The chart with these values."""
    return objects(chart(*more, *(part for value in values for part in ("--set", value))))


def _set(found: tuple[Object, ...]) -> dict[Any, Object]:
    keys = {(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace")): obj for obj in found}
    assert len(keys) == len(found)
    return keys


def test_the_base_of_the_overlays_is_the_chart_with_its_defaults(tmp_path: Path) -> None:
    write_base(tmp_path / "base.yaml")
    assert (tmp_path / "base.yaml").read_text() == BASE.read_text(), "run `make manifests`"


def test_both_ways_to_openshift_install_the_same() -> None:
    by_kustomize, by_helm = _set(overlay("openshift")), _set(rendered(more=_OPENSHIFT))
    del by_kustomize["Namespace", "bgpui", None]  # helm's --create-namespace
    notes = by_kustomize["Route", "bgpui-web", "bgpui"]["metadata"]["annotations"]
    assert by_kustomize.keys() == by_helm.keys()
    for name in [name for name in notes if name.startswith("bgpui.io/")]:
        del notes[name]  # the overlay's own, to copy from
    assert [key for key, obj in by_kustomize.items() if obj != by_helm[key]] == []


def test_everything_that_can_be_on_is_on() -> None:
    found = rendered(*_ALL)
    kinds = {obj["kind"] for obj in found}
    assert {"Ingress", "Route", "ServiceMonitor", "PodDisruptionBudget", "NetworkPolicy"} <= kinds
    mounted = {
        owner: volume["secret"]["secretName"]
        for owner, pod in pods(found)
        for volume in pod["volumes"]
        if "secret" in volume
    }
    assert mounted.pop("bgpui-web") == "a"
    assert mounted == dict.fromkeys(mounted, "b")
    assert len(mounted) == 5
    rooms = {obj["metadata"]["namespace"] for obj in found if obj["metadata"]["name"] == "bgpui-bgpui-collector-frr"}
    assert rooms == {"one", "two"}
    secrets = named(found, "Role", "bgpui-bgpui-collector-secrets")["rules"]
    assert secrets == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch", "list"]}]


def test_everything_that_can_be_off_is_off() -> None:
    found = rendered(*_NONE)
    kinds = {obj["kind"] for obj in found}
    assert kinds == {"ServiceAccount", "Service", "Deployment", "PodDisruptionBudget"}  # observe has two replicas
    for _, pod in pods(found):
        # BGPUI_DATABASE_URL and BGPUI_REDIS_URL come from the Secret then.
        names = {one["name"] for one in pod["containers"][0]["env"]}
        assert not names & {"BGPUI_DATABASE_URL", "BGPUI_REDIS_URL", "POSTGRES_PASSWORD"}


@pytest.mark.parametrize("away", [(), ("postgresql",), ("postgresql", "redis")])
@pytest.mark.parametrize("notices", [(587, 9093), ()])
def test_stores_elsewhere_are_reached_beside_all_others(away: tuple[str, ...], notices: tuple[int, ...]) -> None:
    told = "networkPolicy.noticePorts=" + (f"{{{','.join(map(str, notices))}}}" if notices else "null")
    values = tuple(f"{name}.enabled=false" for name in away)
    items = named(rendered(told, *values), "NetworkPolicy", "bgpui")["spec"]["egress"]
    ports = [tuple(port["port"] for port in item["ports"]) for item in items]
    assert ports == [(53, 53, 5353, 5353), (443, 6443), *([notices] if notices else []), (5432, 6379)]
    assert [("to" in item) for item in items] == [False] * (len(items) - 1) + [not away]


def test_two_releases_in_two_namespaces_share_no_object() -> None:
    other = chart("--namespace", "elsewhere")  # the last one counts
    assert not _set(objects(chart())).keys() & _set(objects(other)).keys()


def test_every_value_is_described_and_of_its_type() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert schema["properties"].keys() == values.keys()
    assert schema["additionalProperties"] is False
