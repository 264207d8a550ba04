"""What of the real control plane needs no kube-apiserver: where it comes from, what the gate reads of a request."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, web

from lab.apiserver.auth import Attributes
from lab.apiserver.faults import Fault, Faults
from lab.apiserver.tls import Authority, Identity
from lab.control_plane import Missing, find
from lab.control_plane.gate import Gate, asked

PEERS = "/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers"


def test_what_is_missing_is_named_with_what_provides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(Missing, match=r"make cluster-tools.*KUBEBUILDER_ASSETS") as missing:
        find()
    assert str(tmp_path) in str(missing.value)


@pytest.mark.parametrize(
    ("method", "target", "wanted"),
    [
        ("GET", PEERS, Attributes("list", "metallb.io", "bgppeers", "", "metallb-system")),
        ("GET", f"{PEERS}?watch=true", Attributes("watch", "metallb.io", "bgppeers", "", "metallb-system")),
        ("PATCH", f"{PEERS}/a?dryRun=All", Attributes("patch", "metallb.io", "bgppeers", "", "metallb-system", "a")),
        ("DELETE", PEERS, Attributes("deletecollection", "metallb.io", "bgppeers", "", "metallb-system")),
        ("GET", "/api/v1/namespaces/shop", Attributes("get", "", "namespaces", "", "", "shop")),
        ("GET", "/api/v1/namespaces/a/pods/b/exec?x=1", Attributes("get", "", "pods", "exec", "a", "b")),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Attributes("create")),
        ("GET", "/apis/metallb.io/v1beta2", None),
        ("GET", "/readyz", None),
    ],
)
def test_a_fault_finds_its_request(method: str, target: str, wanted: Attributes | None) -> None:
    assert asked(method, target) == wanted


async def test_the_gate_passes_on_what_meets_no_fault_and_closes_with_every_connection() -> None:
    authority = Authority("test-ca")
    identity = Identity(authority.pem, *authority.issue("server"))
    served: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        served.append(f"{request.method} {(await request.read()).decode()}")
        return web.Response(text="x" * 1000)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=identity.context())
    await site.start()
    faults = Faults()
    gate = Gate(faults, runner.addresses[0][1], ssl.create_default_context(cadata=authority.pem.decode()))
    port = await gate.start("127.0.0.1", 0, None)
    url = f"http://127.0.0.1:{port}{PEERS}"
    async with ClientSession() as session:
        faults.add(Fault(verb="create", code=409))
        faults.add(Fault(verb="create", drop="after"))
        assert (await session.post(url, data="one")).status == 409
        with pytest.raises(ClientConnectionError):
            await session.post(url, data="two")
        assert len(await (await session.post(url, data="three")).read()) == 1000
        assert served == ["POST two", "POST three"]
        await asyncio.wait_for(gate.stop(), 5)
        with pytest.raises(ClientConnectionError):
            await session.get(url)
    await runner.cleanup()
