"""BGPPeers against the Secrets with their passwords: who looks at them, and what FRR makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from intent.findings import Finding, ObjectRef, listed, shown
from intent.passwords import secret_named, secret_users
from intent.rules.subject import CONFIG, FRR, FRR_K8S, KUBERNETES, Subject
from intent.rules.view import View
from intent.selectors import subdomain_error
from intent.snapshot import SecretFact, Snapshot

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
        message = (
            f"The password in Secret {name} ends in a line end, which MetalLB keeps: without FRR it is part of the"
        )
        message += " key; in FRR's configuration it ends the line, so that the key is what stands before"
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


def stays_behind(view: View, subject: Subject) -> Iterator[Finding]:
    """A change takes the peer's password away or exchanges it, and leaves the Secret where it is."""
    before, now = secret_named(subject.resource.live or {}), _name(subject)
    if not before or before == now:
        return
    then = "is taken off, so the session has no password any more"
    if now:
        then = f"makes way for Secret {shown(now)}, whose password counts from then on"
    elif subject.resource.inline_password:
        then = "is taken off, so the password in the object counts from then on"
    left, hint = _left(view.secrets.get(before), before, view.snapshot.secret_namespace, view.secret_users)
    message = f"passwordSecret {shown(before)} {then}{f'; {left}' if left else ''}"
    hint = f"The router's side must change in the same way. {hint}".strip()
    yield subject.warning("secret-stays", "passwordSecret", message, value=before, source=CONFIG, hint=hint)


def goes_without_it(after: Snapshot, subject: Subject) -> Iterator[Finding]:
    """The same of a peer that is deleted."""
    name, room = _name(subject), after.secret_namespace
    known = {fact.name: fact for fact in after.secrets if fact.namespace == room}
    left, hint = _left(known.get(name), name, room, secret_users(after)) if name else ("", "")
    if left:
        yield subject.warning("secret-stays", "", left, source=KUBERNETES, hint=hint)


def _left(fact: SecretFact | None, name: str, room: str, users: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """What is to be said of a Secret that stays, and how to delete it; "" = it is not there anyway."""
    if fact is not None and fact.readable and not fact.exists:
        return "", ""
    stays = f"Secret {shown(name)} with the password stays in {room}"
    if some := users.get(name):
        return f"{stays}, where {listed(some)} still refer to it", "Leave it there."
    command = "" if subdomain_error(name) else f": oc delete secret -n {room} {name}"
    return f"{stays}, and no peer refers to it then", f"Delete it there if nobody needs it{command}"


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
    return secret_named(subject.spec)


def _fact(view: View, subject: Subject) -> SecretFact | None:
    name = _name(subject)
    return view.secrets.get(name) if name else None


def _ref(fact: SecretFact) -> ObjectRef:
    return ObjectRef("Secret", fact.namespace, fact.name)
