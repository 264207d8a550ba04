"""One BGPAdvertisement or L2Advertisement by itself."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding, shown
from intent.rules.advertised import LENGTHS, WIDTH
from intent.rules.subject import BGP, CONFIG, LINUX, SCHEMA, Subject
from intent.snapshot import texts

_IFNAMSIZ = 15  # bytes of a network device's name


def lengths(subject: Subject) -> Iterator[Finding]:
    """Prefix lengths that exist; the schema limits little."""
    for version, name in LENGTHS.items():
        length, most = subject.number(name), WIDTH[version]
        if length is not None and length > most:
            message, hint = f"{name} may be at most {most}", f"Choose a length up to {most}, or leave it out."
            yield subject.error("aggregation-too-long", name, message, source=CONFIG, hint=hint)


def negative_length(subject: Subject) -> Iterator[Finding]:
    """Taken by schema and parser; no prefix has it. For IPv4 the schema begins at 1."""
    name = LENGTHS[6]
    if (subject.number(name) or 0) < 0:
        message, hint = f"{name} is negative, so nothing can be announced", "Choose 1 to 128, or leave it out."
        yield subject.error("aggregation-negative", name, message, source=BGP, hint=hint)


def local_pref(subject: Subject) -> Iterator[Finding]:
    """An unsigned number for MetalLB, a signed one of 32 bits for the API server."""
    value = subject.number("localPref")
    if value is not None and value < 0:
        message, hint = "localPref is negative, which MetalLB cannot read", "Choose 0 to 2147483647, or leave it out."
        source = f"{SCHEMA}; {CONFIG}"
        yield subject.error("local-pref-negative", "localPref", message, source=source, hint=hint)


def interfaces(subject: Subject) -> Iterator[Finding]:
    """Names that no network device can have."""
    for index, name in enumerate(texts(subject.spec.get("interfaces"))[:100]):
        if not name or len(name.encode("utf-8", "replace")) > _IFNAMSIZ or "/" in name or " " in name:
            at = f"interfaces[{index}]"
            message = f"No network device is called {shown(name) or 'nothing'}, so nothing is announced on it"
            hint = "Write the device's name as `ip link` shows it."
            yield subject.warning("interface-impossible", at, message, value=name, source=LINUX, hint=hint)
