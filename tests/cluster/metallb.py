"""MetalLB's own controller, which serves its admission webhooks to a real API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lab.control_plane import ControlPlane, MetalLB
from lab.control_plane.processes import Child
from lab.ports import free_port, listens
from tests.cluster.drawn import NAMESPACE

PORT = 9443  # the controller has no flag for it
_POD = "controller-0"


class Webhooks:
    """The controller as a process, told which BGP backend MetalLB runs with; `close` ends it."""

    def __init__(self, plane: ControlPlane, metallb: MetalLB, mode: str, folder: Path) -> None:
        if listens(PORT):
            raise RuntimeError(f"port {PORT}, where MetalLB's webhooks listen, is taken on this machine")
        certificates = folder / "k8s-webhook-server" / "serving-certs"  # below the folder for temporary files
        certificates.mkdir(parents=True)
        for source, name in zip(plane.certificate("webhooks", "metallb"), ("tls.crt", "tls.key"), strict=True):
            (certificates / name).write_bytes(source.read_bytes())
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(plane.admin_kubeconfig))
        self._child = Child(
            "metallb-controller",
            [
                "env", f"TMPDIR={folder}", f"METALLB_BGP_TYPE={mode}", f"METALLB_POD_NAME={_POD}",
                str(metallb.controller), f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}", "--port=0",
                "--webhook-mode=onlywebhook", "--disable-cert-rotation", f"--health-probe-port={free_port()}",
            ],
            folder / "controller.log",
        )  # fmt: skip
        self._child.start()
        self._child.wait_until(lambda: listens(PORT))

    def close(self) -> None:
        """End the process."""
        self._child.stop()


def prepare(plane: ControlPlane, metallb: MetalLB) -> None:
    """What stands for all backends: MetalLB's CRDs, its pod, and its webhooks by URL instead of by Service."""
    for path in sorted(metallb.crds.glob("*.yaml")):
        plane.store.add(yaml.safe_load(path.read_text()))
    plane.store.create("namespaces", {"metadata": {"name": NAMESPACE}})
    containers = [{"name": "controller", "image": "quay.io/metallb/controller:v0.16.2"}]
    pod = {"metadata": {"name": _POD, "namespace": NAMESPACE}, "spec": {"containers": containers}}
    plane.store.create("pods", pod)
    configuration: dict[str, Any] = yaml.safe_load(metallb.webhooks.read_text())
    for webhook in configuration["webhooks"]:
        webhook["clientConfig"] = {"url": f"https://127.0.0.1:{PORT}{webhook['clientConfig']['service']['path']}"}
    plane.register_webhooks("metallb", configuration["webhooks"])
