"""Hold, keepalive and connect retry time of one BGPPeer (RFC 4271 section 10)."""

from __future__ import annotations

from collections.abc import Iterator

from intent.durations import nanoseconds
from intent.findings import Finding
from intent.modes import Mode
from intent.rules.subject import CONFIG, FRR, FRR_K8S, Subject
from intent.timers import FRR_HOLD, FRR_K8S_CONNECT, FRR_KEEPALIVE, SECOND, asked, completed, rendered, whole_seconds

_LONGEST = 65535  # seconds; two octets in the OPEN message
_DERIVED, _THREE_TIMES = "The hold time, 3 times keepaliveTime,", "Set holdTime to about three times keepaliveTime."
TIMERS = ("holdTime", "keepaliveTime", "connectTime")


def durations(subject: Subject) -> Iterator[Finding]:
    """Go's syntax; the API server takes any text, MetalLB's webhook cannot read it."""
    for name in TIMERS:
        value = subject.spec.get(name)
        if not isinstance(value, str):
            continue
        try:
            nanoseconds(value)
        except ValueError as error:
            message, hint = f"{name} {error}", "Write a duration such as 90s, 1m30s or 1h."
            yield subject.error("duration-invalid", name, message, source="Go time.ParseDuration", hint=hint)


def hold_time(subject: Subject) -> Iterator[Finding]:
    """0 or at least 3 s once cut to whole seconds; the page allows no 0."""
    hold, _ = completed(subject.spec)
    seconds = whole_seconds(hold)
    if seconds is None:
        return
    own = asked(subject.spec, "holdTime") is not None
    name, what = ("holdTime", "holdTime") if own else ("keepaliveTime", _DERIVED)
    hint = "Choose a hold time of at least 3s."
    if seconds < 0 or 0 < seconds < 3:
        yield subject.error("hold-time-too-short", name, f"{what} must be at least 3s", source=CONFIG, hint=hint)
    elif seconds == 0 and own:
        message = "holdTime must be at least 3s; this MetalLB also accepts 0, which turns keepalives off"
        yield subject.documented("hold-time-zero", name, message, hint=f"{hint[:-1]}, or acknowledge the rule.")


def keepalive_time(subject: Subject) -> Iterator[Finding]:
    """Below the hold time by the page, not above it by MetalLB; alone by MetalLB, never by the page."""
    keepalive, hold = asked(subject.spec, "keepaliveTime"), asked(subject.spec, "holdTime")
    if keepalive is None:
        return
    name, hint = "keepaliveTime", _THREE_TIMES
    if hold is None:
        message = "keepaliveTime needs a holdTime; this MetalLB takes three times keepaliveTime for it"
        if subject.spec.get("holdTime") is None:
            yield subject.documented("keepalive-without-hold", name, message, hint=hint)
    elif keepalive > hold:
        message = "keepaliveTime must be below holdTime"
        yield subject.error("keepalive-above-hold", name, message, source=CONFIG, hint=hint)
    elif keepalive == hold and hold > 0:
        message = "keepaliveTime must be below holdTime; this MetalLB also accepts an equal one"
        yield subject.documented("keepalive-not-below-hold", name, message, hint=hint)
    if keepalive >= 0 and whole_seconds(keepalive) == 0 and hold is not None and hold >= 3 * SECOND:
        message = "Keepalives are off, but the hold time is not: the router ends the session for want of messages"
        yield subject.warning("keepalive-off", name, message, source=FRR, hint=hint)


def suits_frr(subject: Subject) -> Iterator[Finding]:
    """What MetalLB's parser takes and FRR's reload does not: its timers are 0 to 65535 seconds."""
    hold, own = completed(subject.spec)[0], asked(subject.spec, "holdTime") is not None
    if (whole_seconds(hold) or 0) > _LONGEST:
        name, what = ("holdTime", "holdTime") if own else ("keepaliveTime", _DERIVED)
        message = f"{what} exceeds {_LONGEST}s; MetalLB accepts it, FRR refuses the line"
        yield subject.error("hold-time-too-long", name, message, source=FRR, hint=f"Choose at most {_LONGEST}s.")
    if (asked(subject.spec, "keepaliveTime") or 0) < 0:
        message = "keepaliveTime is negative; MetalLB accepts it, FRR refuses the line"
        yield subject.error("keepalive-negative", "keepaliveTime", message, source=FRR, hint=_THREE_TIMES)


def whole(subject: Subject) -> Iterator[Finding]:
    """FRR knows whole seconds."""
    for name in ("holdTime", "keepaliveTime"):
        duration = asked(subject.spec, name)
        if duration is not None and duration % SECOND:
            message = f"{name} is cut to {whole_seconds(duration)}s: FRR knows whole seconds only"
            yield subject.warning("timer-cut", name, message, source=FRR, hint="Write whole seconds.")


def frr_k8s_defaults(subject: Subject) -> Iterator[Finding]:
    """FRR-K8s drops values equal to its defaults, and with one of hold and keepalive the other."""
    if subject.mode is not Mode.FRR_K8S:
        return
    hold, keepalive = (whole_seconds(timer) for timer in completed(subject.spec))
    written = rendered(subject.spec, subject.mode)
    if hold is not None and written.hold is None and (hold, keepalive) != (FRR_HOLD, FRR_KEEPALIVE):
        name = "keepaliveTime" if keepalive == FRR_KEEPALIVE else "holdTime"
        message = (
            f"Hold {hold}s with keepalive {keepalive}s becomes {FRR_HOLD}s with {FRR_KEEPALIVE}s in FRR-K8s mode: "
            "a value equal to the default is dropped, and the other one with it"
        )
        hint = f"Avoid exactly hold {FRR_HOLD}s and keepalive {FRR_KEEPALIVE}s, unless you want both."
        yield subject.warning("timers-reset-to-default", name, message, source=FRR_K8S, hint=hint)
    if whole_seconds(asked(subject.spec, "connectTime")) == FRR_K8S_CONNECT:
        message = f"connectTime {FRR_K8S_CONNECT}s is taken for the default and left out; FRR uses its own default"
        hint = "Choose another value, such as 61s, if it matters."
        yield subject.warning("connect-time-dropped", "connectTime", message, source=FRR_K8S, hint=hint)
