"""Route targets and route distinguishers of EVPN (RFC 4360, RFC 4364), with the CEL rules that frr-k8s gives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from intent.addresses import parse_address
from intent.kinds.cel import Cel

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_PARTS, _GLOBAL, _LOCAL = "self.split(':').size() != 2", "self.split(':')[0]", "self.split(':')[1]"
_UINT16, _UINT32 = 65535, 4294967295


@dataclass(frozen=True, slots=True)
class _Parts:
    """administrator: an IPv4 address, an AS number or "*"; number: what it assigned."""

    administrator: str
    number: str

    @property
    def wild(self) -> bool:
        return self.administrator == "*"

    @property
    def dotted(self) -> bool:
        return "." in self.administrator

    @property
    def asn(self) -> int | None:
        return None if self.dotted or not _DIGITS.search(self.administrator) else _int(self.administrator)

    @property
    def assigned(self) -> int | None:
        return _int(self.number) if _DIGITS.search(self.number) else None


def _int(text: str) -> int:
    """A number as uint() takes it; what does not convert counts as beyond every limit."""
    return int(text) if _DIGITS.fullmatch(text) and len(text) <= 20 else 1 << 64


def _rule(name: str, rule: str, message: str, check: Callable[[_Parts], bool]) -> Cel:
    def holds(value: object, old: object) -> bool:
        parts = value.split(":") if isinstance(value, str) else []
        return len(parts) != 2 or check(_Parts(*parts))

    return Cel(name, f"{_PARTS} || {rule}", message, holds)


def _number(parts: _Parts) -> bool:
    return bool(parse_address(parts.administrator)) or bool(_DIGITS.search(parts.administrator))


def _fits(parts: _Parts, *, wide: bool) -> bool:
    """wide: the rule for AS numbers of four bytes, else the one for two."""
    asn, assigned = parts.asn, parts.assigned
    if asn is None or assigned is None or parts.wild or wide != (asn > _UINT16):
        return True
    return assigned <= (_UINT16 if wide else _UINT32)


def _one_colon(what: str) -> Cel:
    def holds(value: object, old: object) -> bool:
        return isinstance(value, str) and value.count(":") == 1

    rule = "self.split(':').size() == 2"
    return Cel("one-colon", rule, f"{what} must contain exactly one colon", holds)


def rules(what: str, *, wildcard: bool = False) -> tuple[Cel, ...]:
    """The rules for an "RD" or "RT". wildcard: "*" may stand for any administrator, as in imports."""
    star, who = ("self.startsWith('*:') || ", "either '*', an IPv4 address, or a number") if wildcard else ("", "")
    who = who or "either an IPv4 address or a number"
    wild = _rule(
        "wildcard",
        f"!self.startsWith('*:') || ({_LOCAL}.matches('[0-9]+') && uint({_LOCAL}) <= {_UINT32}u)",
        f"{what} with wildcard global administrator must have format *:OPQR where OPQR <= {_UINT32}",
        lambda parts: not parts.wild or (parts.assigned is not None and parts.assigned <= _UINT32),
    )
    return (
        _one_colon(what),
        _rule(
            "administrator",
            f"({star}isIP({_GLOBAL}) || {_GLOBAL}.matches('[0-9]+'))",
            f"{what} global administrator must be {who}",
            lambda parts: (wildcard and parts.wild) or _number(parts),
        ),
        _rule(
            "assigned-number",
            f"{_LOCAL}.matches('[0-9]+')",
            f"{what} local administrator must be a number",
            lambda parts: parts.assigned is not None,
        ),
        *((wild,) if wildcard else ()),
        *_sizes(what, star),
    )


def _sizes(what: str, star: str) -> tuple[Cel, ...]:
    """How large the assigned number may be beside each form of the administrator."""
    numeric = f"{star}{_GLOBAL}.contains('.') || !{_GLOBAL}.matches('[0-9]+') || !{_LOCAL}.matches('[0-9]+') || "
    return (
        _rule(
            "with-ipv4",
            f"!{_GLOBAL}.contains('.') || ({_LOCAL}.matches('[0-9]+') && uint({_LOCAL}) <= {_UINT16}u)",
            f"{what} with IPv4 global administrator must have format A.B.C.D:MN where MN <= {_UINT16}",
            lambda parts: not parts.dotted or (parts.assigned is not None and parts.assigned <= _UINT16),
        ),
        _rule(
            "with-4-byte-asn",
            f"{numeric}uint({_GLOBAL}) <= {_UINT16}u || uint({_LOCAL}) <= {_UINT16}u",
            f"{what} with 4-byte ASN global administrator must have format GHJK:MN where GHJK <= {_UINT32} and "
            f"MN <= {_UINT16}",
            lambda parts: _fits(parts, wide=True),
        ),
        _rule(
            "with-2-byte-asn",
            f"{numeric}uint({_GLOBAL}) > {_UINT16}u || uint({_LOCAL}) <= {_UINT32}u",
            f"{what} with 2-byte ASN global administrator must have format EF:OPQR where EF <= {_UINT16} and "
            f"OPQR <= {_UINT32}",
            lambda parts: _fits(parts, wide=False),
        ),
    )
