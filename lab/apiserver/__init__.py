"""The lab's Kubernetes API server: real HTTP(S), in this process, for an unmodified kubectl and the official clients.

    server = ApiServer(state_path=Path("state.json"), tokens={"secret": "admin", "look": User("viewer", READ_ONLY)})
    await server.start("127.0.0.1", 0)   # then server.url, .port, .ca_pem; start() after stop() keeps the port
    write_kubeconfig(path, server.url, "secret", server.ca_pem)      # context "lab"

Nothing here is safe to call from another thread than that of the event loop that runs start().

Objects without HTTP: `server.store` (class Store):
    store.add(manifest) / create(resource, manifest) / update(resource, manifest)
    store.get(resource, namespace, name) / list(resource, namespace, labels=, fields=)
    store.patch(resource, namespace, name, {...}) / patch_status(resource, namespace, name, {...}) / delete(...)
    cancel = store.watch(callback, "bgppeers")   # callback(Event): type, resource, key, new.manifest, old.manifest
`resource` is "pods" or "bgppeers.metallb.io". What comes out is shared: read it, never change it. server.load() reads
the state file before start() does. CustomResourceDefinitions are objects like any other: store.add(crd) serves the type
at once.

Commands: `server.exec = handler`, async (namespace, pod, container, argv, stdin) -> ExecResult(stdout, stderr, code);
an asynchronous generator of ExecResult streams. `server.logs = handler`, async (namespace, pod, container, follow) ->
bytes.
A pod can be entered when its spec.nodeName is set and its status.phase is Running; deleting it cuts the stream.

Rights: User(name, rules=(Rule(verbs, groups, resources, namespaces, names), ...)); ADMIN, READ_ONLY, all_but_exec().
server.tokens.add(token, user) and remove(token) work while it runs.

Faults: server.faults.add(Fault(verb="patch", resource="bgppeers", drop="after")); see class Fault.
"""

from __future__ import annotations

from lab.apiserver.auth import ADMIN, READ_ONLY, Rule, User, all_but_exec
from lab.apiserver.errors import ApiError
from lab.apiserver.exec import ExecHandler, ExecResult
from lab.apiserver.faults import Fault
from lab.apiserver.kubeconfig import kubeconfig, write_kubeconfig
from lab.apiserver.resources import Manifest
from lab.apiserver.server import ApiServer
from lab.apiserver.storage import Event
from lab.apiserver.store import Store

__all__ = [
    "ADMIN", "READ_ONLY", "ApiError", "ApiServer", "Event", "ExecHandler", "ExecResult", "Fault", "Manifest", "Rule",
    "Store", "User", "all_but_exec", "kubeconfig", "write_kubeconfig",
]  # fmt: skip
