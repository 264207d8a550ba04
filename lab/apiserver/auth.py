"""Bearer tokens, users and what they may do: RBAC rules kept with the user instead of in Role objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.apiserver.errors import ApiError, unauthorized


@dataclass(frozen=True, slots=True)
class Rule:
    """One RBAC rule; "*" stands for all. Subresources are named as in RBAC: "pods/exec"."""

    verbs: tuple[str, ...] = ("*",)
    groups: tuple[str, ...] = ("*",)
    resources: tuple[str, ...] = ("*",)
    namespaces: tuple[str, ...] = ("*",)
    names: tuple[str, ...] = ()
    """Object names; empty for all."""

    def allows(self, asked: Attributes) -> bool:
        return (
            _within(asked.verb, self.verbs)
            and _within(asked.group, self.groups)
            and (_within(asked.full_resource, self.resources) or f"*/{asked.subresource}" in self.resources)
            and _within(asked.namespace, self.namespaces)
            and (not self.names or asked.name in self.names)
        )


@dataclass(frozen=True, slots=True)
class Attributes:
    """What somebody wants to do; namespace "" for the whole cluster."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


ADMIN = (Rule(),)
READ_ONLY = (Rule(verbs=("get", "list", "watch")),)


def all_but_exec() -> tuple[Rule, ...]:
    """Rules of somebody who may do everything known to MetalLB's administration but pods/exec."""
    groups = ("metallb.io", "frrk8s.metallb.io", "apps", "discovery.k8s.io", "apiextensions.k8s.io")
    plain = ("nodes", "pods", "pods/log", "secrets", "services", "namespaces", "configmaps", "events", "endpoints")
    return (Rule(groups=groups), Rule(groups=("",), resources=plain))


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a token."""

    name: str
    rules: tuple[Rule, ...] = ADMIN
    groups: tuple[str, ...] = ("system:authenticated",)

    def may(self, asked: Attributes) -> bool:
        return any(rule.allows(asked) for rule in self.rules)


class Tokens:
    """Bearer tokens and whose they are. A plain user name stands for an administrator."""

    def __init__(self, tokens: Mapping[str, str | User]) -> None:
        self._users: dict[str, User] = {}
        for token, user in tokens.items():
            self.add(token, user)

    def add(self, token: str, user: str | User) -> None:
        self._users[token] = User(user) if isinstance(user, str) else user

    def remove(self, token: str) -> None:
        self._users.pop(token, None)

    def get(self, token: str) -> User | None:
        return self._users.get(token)

    def authenticate(self, header: str) -> User:
        """The user of an Authorization header. Raises ApiError 401."""
        scheme, _, token = header.strip().partition(" ")
        user = self._users.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user


def require(user: User, asked: Attributes) -> None:
    """Raises ApiError 403 in the words of Kubernetes' RBAC authorizer."""
    if user.may(asked):
        return
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    group_resource = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
    named = f'{group_resource} "{asked.name}"' if asked.name else group_resource
    words = (
        f'User "{user.name}" cannot {asked.verb} resource "{asked.full_resource}" in API group "{asked.group}" {where}'
    )
    details = {"name": asked.name, "group": asked.group, "kind": asked.resource}
    raise ApiError(
        403, "Forbidden", f"{named} is forbidden: {words}", {key: value for key, value in details.items() if value}
    )


def review(kind: str, body: Any, user: User, tokens: Tokens) -> dict[str, Any]:
    """The answer to a review object (authorization.k8s.io, authentication.k8s.io)."""
    given = body.get("spec") if isinstance(body, dict) else None
    spec: dict[str, Any] = given if isinstance(given, dict) else {}
    if kind == "SelfSubjectAccessReview":
        status = _access(spec, user)
    elif kind == "SelfSubjectRulesReview":
        status = _rules(str(spec.get("namespace", "")), user)
    elif kind == "TokenReview":
        status = _token(tokens.get(str(spec.get("token", ""))))
    else:
        status = {"userInfo": _info(user)}
    group = "authentication.k8s.io" if kind in ("TokenReview", "SelfSubjectReview") else "authorization.k8s.io"
    return {
        "kind": kind,
        "apiVersion": f"{group}/v1",
        "metadata": {"creationTimestamp": None},
        "spec": spec,
        "status": status,
    }


def _access(spec: Mapping[str, Any], user: User) -> dict[str, Any]:
    asked = spec.get("resourceAttributes")
    if not isinstance(asked, dict):
        path = spec.get("nonResourceAttributes") or {}
        return {"allowed": user.rules == ADMIN or path.get("verb") == "get"}
    names = ("verb", "group", "resource", "subresource", "namespace", "name")
    attributes = Attributes(**{name: str(asked.get(name) or "") for name in names})
    allowed = user.may(attributes)
    return (
        {"allowed": allowed, "reason": f'RBAC: allowed by the rules of user "{user.name}"'}
        if allowed
        else {"allowed": False}
    )


def _rules(namespace: str, user: User) -> dict[str, Any]:
    rules = [
        {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources),
         **({"resourceNames": list(rule.names)} if rule.names else {})}
        for rule in user.rules if _within(namespace, rule.namespaces)
    ]  # fmt: skip
    return {
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }


def _token(user: User | None) -> dict[str, Any]:
    return {"authenticated": True, "user": _info(user)} if user else {"error": "invalid bearer token"}


def _info(user: User) -> dict[str, Any]:
    return {"username": user.name, "groups": list(user.groups)}


def _within(value: str, allowed: tuple[str, ...]) -> bool:
    return "*" in allowed or value in allowed
