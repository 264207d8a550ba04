"""Multihop, VRF, graceful restart, node selectors and passwords of one BGPPeer."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding
from intent.passwords import LINE_END, LONG, NO_WORD, PASSWORD_BYTES, password_faults
from intent.rules.subject import CONFIG, FRR, OPENSHIFT, Subject
from intent.selectors import subdomain_error
from intent.snapshot import mapping


def multihop(subject: Subject) -> Iterator[Finding]:
    """Multihop is for routers of another AS."""
    if not subject.flag("ebgpMultiHop"):
        return
    mine, peer, dynamic = subject.number("myASN"), subject.number("peerASN"), subject.string("dynamicASN")
    hint = "Leave ebgpMultiHop out: iBGP does not need it."
    if mine and mine == peer:
        message = "ebgpMultiHop is not allowed for an iBGP peer, that is with peerASN equal to myASN"
        yield subject.error("multihop-on-ibgp", "ebgpMultiHop", message, source=CONFIG, hint=hint)
    elif dynamic == "internal":
        message = "ebgpMultiHop has no effect with dynamicASN internal, which is iBGP; MetalLB does not say so"
        yield subject.warning("multihop-on-dynamic-internal", "ebgpMultiHop", message, source=CONFIG, hint=hint)


def vrf(subject: Subject) -> Iterator[Finding]:
    """Sessions in a VRF are a Technology Preview on OpenShift."""
    if subject.string("vrf"):
        message = "A VRF on a BGP peer is a Technology Preview on OpenShift: not for production, without support"
        hint = "Make sure that the nodes have this VRF and route its traffic to the cluster network."
        yield subject.warning("vrf-technology-preview", "vrf", message, source=OPENSHIFT, hint=hint)


def disable_mp(subject: Subject) -> Iterator[Finding]:
    """Deprecated; one address family a session is the rule."""
    if subject.flag("disableMP") and subject.release >= (0, 15, 0):
        message, hint = "disableMP is deprecated and has no effect", "Leave it out."
        yield subject.warning("disable-mp-without-effect", "disableMP", message, source=CONFIG, hint=hint)


def graceful_restart_with_bfd(subject: Subject) -> Iterator[Finding]:
    """Whether BFD going down ends a graceful restart depends on the router."""
    if subject.flag("enableGracefulRestart") and subject.string("bfdProfile"):
        message = "Graceful restart together with BFD depends on the router: BFD may end what restart wants to keep"
        hint = "Check that your router's BFD is independent of its control plane."
        yield subject.warning("graceful-restart-with-bfd", "enableGracefulRestart", message, source=FRR, hint=hint)


def bfd_stays_on(subject: Subject) -> Iterator[Finding]:
    """Taking bfdProfile out of a peer leaves BFD running (BZ#2050824)."""
    before = (subject.resource.live or {}).get("bfdProfile")
    if isinstance(before, str) and before and not subject.string("bfdProfile"):
        message = "Without bfdProfile the session keeps BFD, with FRR's defaults, until the peer is made anew"
        hint = "To end BFD, delete the peer and create it again without bfdProfile."
        yield subject.warning("bfd-stays-on", "bfdProfile", message, value="", source=OPENSHIFT, hint=hint)


def passwords(subject: Subject) -> Iterator[Finding]:
    """Inline password or Secret, not both."""
    secret = mapping(subject.spec.get("passwordSecret"))
    name = secret.get("name")
    if subject.resource.inline_password and name:
        message = "password and passwordSecret exclude each other; admission does not see it, the speaker refuses it"
        hint = "Remove the inline password and keep the Secret."
        yield subject.error("password-and-secret", "passwordSecret", message, value=name, source=CONFIG, hint=hint)


def password_secret(subject: Subject) -> Iterator[Finding]:
    """The reference itself; what is in the Secret is judged with the cluster at hand."""
    secret = mapping(subject.spec.get("passwordSecret"))
    name, namespace = secret.get("name"), secret.get("namespace")
    if isinstance(name, str) and name and subdomain_error(name):
        message = f"passwordSecret.name {subdomain_error(name)}"
        hint = "Write the Secret's name."
        yield subject.error("secret-name-syntax", "passwordSecret.name", message, value=name, source=CONFIG, hint=hint)
    if secret and not name:
        message, hint = "passwordSecret names no Secret, so there is no password", "Set its name, or remove it."
        yield subject.warning("secret-unnamed", "passwordSecret", message, source=CONFIG, hint=hint)
    room = subject.secret_namespace or subject.namespace
    if namespace and namespace != room:
        who = "MetalLB" if room == subject.namespace else "FRR-K8s"
        message = f"passwordSecret.namespace is ignored: {who} looks for the Secret in {room}"
        hint = f"Keep the Secret in {room}, and leave namespace out."
        path = "passwordSecret.namespace"
        yield subject.warning("secret-namespace-ignored", path, message, value=namespace, source=CONFIG, hint=hint)


def inline_password(subject: Subject) -> Iterator[Finding]:
    """Readable by many; and the limits of a password that was just typed. The value is never shown."""
    password = subject.password
    if password is not None and not isinstance(password, str):
        message, hint = "password must be a text", "Put it in quotes."
        yield subject.error("wrong-type", "password", message, value="", source="CRD schema", hint=hint)
    if not subject.resource.inline_password:
        return
    message = "The password stands in the object, readable by everybody who may read BGPPeers"
    hint = "Move it into a Secret and refer to it by passwordSecret."
    yield subject.warning("password-inline", "password", message, value="", source="MetalLB CRD", hint=hint)
    faults = password_faults(password) if isinstance(password, str) else subject.resource.password_faults
    if LONG in faults:
        message, hint = f"FRR takes at most {PASSWORD_BYTES} bytes for a password", "Agree on a shorter one."
        yield subject.error("password-too-long", "password", message, value="", source=FRR, hint=hint)
    if LINE_END in faults:
        message = "The password ends in a line end, which MetalLB keeps: without FRR it is part of the key; in FRR's"
        message += " configuration it ends the line, so that the key is what stands before"
        hint = "Write it anew without the line end (printf instead of echo)."
        # One that is typed would take the place of one that works.
        say = subject.error if isinstance(password, str) else subject.warning
        yield say("password-trailing-newline", "password", message, value="", source=CONFIG, hint=hint)
    if NO_WORD in faults:
        message = "FRR takes a password of one word: no spaces, line ends or characters outside ASCII"
        yield subject.error(
            "password-not-one-word", "password", message, value="", source=FRR, hint="Agree on another one."
        )
