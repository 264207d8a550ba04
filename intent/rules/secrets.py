"""BGPPeers against the Secrets with their passwords: who looks at them, and what FRR makes of them."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding, ObjectRef
from intent.rules.subject import CONFIG, FRR, FRR_K8S, KUBERNETES, Subject
from intent.rules.view import View
from intent.snapshot import SecretFact, mapping, text

BASIC_AUTH = "kubernetes.io/basic-auth"
_AT = "passwordSecret.name"
_DAEMON = "frr-k8s internal/controller/api_to_config.go"


def speakers_can_use_it(view: View, subject: Subject) -> Iterator[Finding]:
    """Type and key, which MetalLB's speakers check; admission does not."""
    if not view.snapshot.passes_names_on:
        yield from _usable(view, subject, "the speakers keep their old configuration", CONFIG)


def frr_k8s_can_use_it(view: View, subject: Subject) -> Iterator[Finding]:
    """The same, checked by FRR-K8s where MetalLB passes the name on without a look (--frrk8s-secret-passthrough)."""
    if view.snapshot.passes_names_on:
        yield from _usable(view, subject, "FRR-K8s keeps its old configuration", _DAEMON)


def is_checked(view: View, subject: Subject) -> Iterator[Finding]:
    """A Secret that nobody here may look at."""
    fact = _fact(view, subject)
    if fact is not None and not fact.readable:
        message = f"Secret {fact.name} in {fact.namespace} may not be looked at, so nobody knows here"
        message += " whether it is usable"
        hint = f"Check it yourself: type {BASIC_AUTH}, key `password`; or allow bgpui to get it."
        code, others = "secret-not-checked", (_ref(fact),)
        yield subject.warning(code, _AT, message, value=fact.name, source=KUBERNETES, hint=hint, others=others)


def suits_frr(view: View, subject: Subject) -> Iterator[Finding]:
    """What MetalLB passes on and FRR cannot use."""
    fact = _fact(view, subject)
    if fact is None or not (fact.readable and fact.exists and fact.has_password):
        return
    name, others = fact.name, (_ref(fact),)
    if not fact.length_ok:
        message = f"The password in Secret {name} must have 1 to 80 bytes; FRR refuses others"
        hint = "Agree on another password with the router's side."
        code = "secret-password-length"
        yield subject.error(code, _AT, message, value=name, source=FRR, hint=hint, others=others)
    if fact.trailing_newline:
        message = f"The password in Secret {name} ends in a line end, which is kept"
        hint = "Write it anew without the line end (printf instead of echo)."
        code = "secret-trailing-newline"
        yield subject.warning(code, _AT, message, value=name, source=CONFIG, hint=hint, others=others)


def is_copied(view: View, subject: Subject) -> Iterator[Finding]:
    """Between namespaces MetalLB hands FRR-K8s the password itself, unless it runs with --frrk8s-secret-passthrough."""
    name = _name(subject)
    if name and view.snapshot.copies_passwords:
        room = view.snapshot.frr_namespace
        message = f"MetalLB copies the password in clear text into FRRConfigurations in {room}"
        hint = f"Let only those read FRRConfigurations in {room} who may know it; no field of the peer changes this."
        yield subject.warning("password-copied", "passwordSecret", message, value=name, source=FRR_K8S, hint=hint)


def _usable(view: View, subject: Subject, outcome: str, source: str) -> Iterator[Finding]:
    fact = _fact(view, subject)
    if fact is None or not fact.readable:
        return
    code, what, hint = "", "", ""
    if not fact.exists:
        code, hint = "secret-missing", "Create it first, or type a password here."
        what = f"does not exist in {fact.namespace}"
    elif fact.type != BASIC_AUTH:
        code, what, hint = "secret-type", f"must be of type {BASIC_AUTH}", "Create it anew with this type."
    elif not fact.has_password:
        code, what, hint = "secret-without-password", "has no key `password`", "Add the key `password`."
    if code:
        message, others = f"Secret {fact.name} {what}; {outcome}", (_ref(fact),)
        yield subject.error(code, _AT, message, value=fact.name, source=source, hint=hint, others=others)


def _name(subject: Subject) -> str:
    return text(mapping(subject.spec.get("passwordSecret")).get("name"))


def _fact(view: View, subject: Subject) -> SecretFact | None:
    name = _name(subject)
    return view.secrets.get(name) if name else None


def _ref(fact: SecretFact) -> ObjectRef:
    return ObjectRef("Secret", fact.namespace, fact.name)
