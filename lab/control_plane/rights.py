"""Tokens as the API server asks for them (a TokenReview webhook), and RBAC objects for what their users may do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lab.apiserver.auth import ADMIN, Rule, User
from lab.apiserver.errors import ApiError
from lab.control_plane.client import Client, patiently

_RBAC = "rbac.authorization.k8s.io"
_PATH = f"/apis/{_RBAC}/v1"


class RemoteTokens:
    """Bearer tokens and whose they are; `add` and `remove` work while the API server runs. A plain name is an admin."""

    def __init__(self, client: Client, tokens: Mapping[str, str | User]) -> None:
        self._client, self._granted = client, False
        self._users: dict[str, User] = {}
        for token, user in tokens.items():
            self._users[token] = User(user) if isinstance(user, str) else user

    def grant(self) -> None:
        """Write the rights of the users that are known, once the API server runs."""
        self._granted = True
        for user in self._users.values():
            self._grant(user)

    def add(self, token: str, user: str | User) -> None:
        whose = User(user) if isinstance(user, str) else user
        if self._granted:
            self._grant(whose)
        self._users[token] = whose

    def remove(self, token: str) -> None:
        self._users.pop(token, None)

    def whose(self, token: str) -> User | None:
        """The user that a token belongs to."""
        return self._users.get(token)

    def review(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a TokenReview."""
        user = self.whose(str((body.get("spec") or {}).get("token", "")))
        status: dict[str, Any] = {"authenticated": user is not None}
        if user is not None:
            status["user"] = {"username": user.name, "groups": list(user.groups)}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    def _grant(self, user: User) -> None:
        name = f"lab-{hashlib.sha256(user.name.encode()).hexdigest()[:10]}"
        if user.rules == ADMIN:
            self._bind("clusterrolebindings", name, "", "ClusterRole", "cluster-admin", user)
            self._wait(user, Rule(("get",), ("",), ("secrets",)), "")
            return
        for number, rule in enumerate(user.rules):
            for namespace in rule.namespaces:
                room = "" if namespace == "*" else namespace
                kind = "Role" if room else "ClusterRole"
                self._put(f"{kind.lower()}s", f"{name}-{number}", room, {"kind": kind, "rules": [_policy(rule)]})
                self._bind(f"{kind.lower()}bindings", f"{name}-{number}", room, kind, f"{name}-{number}", user)
                self._wait(user, rule, room)

    def _bind(self, plural: str, name: str, namespace: str, kind: str, role: str, user: User) -> None:
        subject = {"kind": "User", "apiGroup": _RBAC, "name": user.name}
        body = {"kind": f"{kind}Binding", "subjects": [subject]}
        if plural == "clusterrolebindings":
            body["kind"] = "ClusterRoleBinding"
        self._put(plural, name, namespace, body | {"roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role}})

    def _put(self, plural: str, name: str, namespace: str, body: dict[str, Any]) -> None:
        if namespace:
            self._client.ensure_namespace(namespace)
        path = f"{_PATH}/namespaces/{namespace}/{plural}" if namespace else f"{_PATH}/{plural}"
        manifest = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": name}} | body
        try:
            self._client.request("POST", path, manifest)
        except ApiError as refusal:
            if refusal.code != 409:
                raise
            self._client.request("PUT", f"{path}/{name}", manifest)

    def _wait(self, user: User, rule: Rule, namespace: str) -> None:
        """Until the authorizer has read the binding."""
        resource, _, subresource = rule.resources[0].partition("/")
        asked = {
            "verb": rule.verbs[0], "group": rule.groups[0], "resource": resource, "subresource": subresource,
            "namespace": namespace, "name": rule.names[0] if rule.names else "",
        }  # fmt: skip
        spec = {"user": user.name, "resourceAttributes": asked}
        reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

        def is_allowed() -> bool:
            return bool(self._client.request("POST", reviews, {"spec": spec})["status"]["allowed"])

        patiently(is_allowed, f"{user.name} gets {asked}")


def _policy(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "verbs": list(rule.verbs),
        "apiGroups": list(rule.groups),
        "resources": list(rule.resources),
    }
    return found | ({"resourceNames": list(rule.names)} if rule.names else {})
