"""Which MetalLB a lab cluster runs, and how its manifests lay it out: DaemonSets, containers, images, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from intent.modes import Mode, release
from intent.snapshot import secret_namespace

SYSTEM = "metallb-system"
OPENSHIFT_FRR_K8S = "openshift-frr-k8s"
FRR_CONTAINERS = frozenset({"frr", "reloader", "frr-metrics", "frr-status"})  # they share FRR's image and its sockets


@dataclass(frozen=True, slots=True)
class Release:
    """mode and version of MetalLB; namespace: its own; frr_namespace: where FRR-K8s runs.

    secret_passthrough: the speakers run with --frrk8s-secret-passthrough (newer than 0.16.1). ignores_exclude: with
    --ignore-exclude-lb.
    """

    mode: Mode = Mode.FRR
    version: str = "0.16.1"
    namespace: str = SYSTEM
    frr_namespace: str = ""
    secret_passthrough: bool = False
    ignores_exclude: bool = False

    @property
    def secret_namespace(self) -> str:
        """Where the Secrets with passwords are looked for."""
        return secret_namespace(self.mode, self.namespace, self.frr_namespace, passthrough=self.secret_passthrough)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The version as numbers."""
        return release(self.version)

    @property
    def daemons(self) -> tuple[DaemonLayout, ...]:
        """The DaemonSets of this release, the one with FRR last."""
        frr_k8s = self.mode is Mode.FRR_K8S
        image = f"quay.io/metallb/speaker:v{self.version}"
        beside = {} if frr_k8s or self.mode is Mode.NATIVE else {"frr": "", "reloader": "", "frr-metrics": ""}
        labels = {"app": "metallb", "component": "speaker"}
        speaker = DaemonLayout("speaker", self.namespace, labels, "speaker", {**beside, "speaker": image})
        return (speaker, self._frr_k8s()) if frr_k8s else (speaker,)

    def _frr_k8s(self) -> DaemonLayout:
        namespace = self.frr_namespace or self.namespace
        controller = "quay.io/metallb/frr-k8s:v0.0.25"
        if namespace == OPENSHIFT_FRR_K8S:
            proxy = "quay.io/openshift/origin-kube-rbac-proxy:latest"
            proxies = {"kube-rbac-proxy": proxy, "kube-rbac-proxy-frr": proxy}
            containers = {"controller": controller, "frr": "", "reloader": "", "frr-metrics": "", **proxies}
            labels = {"app": "frr-k8s", "component": "frr-k8s"}
            return DaemonLayout("frr-k8s", namespace, labels, "frr-k8s-daemon", containers)
        labels = {"app": "frr-k8s", "app.kubernetes.io/component": "frr-k8s", "control-plane": "frr-k8s"}
        containers = {"controller": controller, "frr": "", "frr-metrics": "", "frr-status": "", "reloader": ""}
        return DaemonLayout("frr-k8s-daemon", namespace, labels, "frr-k8s-daemon", containers)


@dataclass(frozen=True, slots=True)
class DaemonLayout:
    """A DaemonSet: containers by name with their images, "" = FRR's image, which may differ from node to node."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    account: str
    containers: Mapping[str, str] = field(default_factory=dict)

    def images(self, frr_version: str) -> dict[str, str]:
        """Container names with the images of a node that runs this FRR version."""
        return {name: image or frr_image(frr_version) for name, image in self.containers.items()}


def frr_image(version: str) -> str:
    """The image of an FRR version; what calls itself 9.1_git is tagged 9.1.0."""
    number = version.removesuffix("_git")
    return f"quay.io/frrouting/frr:{number if number.count('.') > 1 else f'{number}.0'}"
