"""A router over IPv4 and IPv6: two peers, or one session for both address families where MetalLB knows that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.kindpages import page_of_kind
from dashboard.guided.guide import Guide, Setting, asks_peer, habits
from dashboard.guided.parts import Part, Piece
from intent.addresses import parse_address
from intent.modes import Mode, release
from intent.rules.modes import is_served

_BOTH = "dualStackAddressFamily"


class DualStack(Guide):
    """OpenShift, "Example: Specify BGP peers for dual-stack networking"."""

    slug = "dual-stack"
    title = "Peer over IPv4 and IPv6"
    lead = "One router that takes routes of both address families: a session for each, or one for both."
    kinds = ("BGPPeer",)
    template = "guided/ways/dual.html"

    def parts(self, here: Setting) -> list[Part]:
        """The two sessions; of the second only what differs."""
        asked, more = asks_peer(here.cluster)
        first = Part(
            key="v4",
            kind="BGPPeer",
            title="The first session",
            asks=asked,
            more=("vrf", *more),
            prefill=habits(here.cluster),
        )
        return [first, Part(key="v6", kind="BGPPeer", title="The IPv6 session", asks=("name", "peerAddress"))]

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """The second session is like the first, to the router's other address."""
        four, six = pieces["v4"], pieces["v6"]
        spec = four.draft.manifest["spec"]
        if here.post.get("how") == "one" and one_session(here):
            six.skipped = True
            four.draft.manifest["spec"] = {**spec, _BOTH: True}
            four.remarks = ["One session carries the routes of both families; the router must offer both on it."]
            return
        address = six.draft.manifest["spec"].get("peerAddress")
        six.draft.manifest["spec"] = {**{name: spec[name] for name in spec if name != "peerAddress"}} | (
            {"peerAddress": address} if address else {}
        )
        six.remarks = ["All else is as in the first session."]
        for piece, version in ((four, 4), (six, 6)):
            parsed = parse_address(str(piece.draft.manifest["spec"].get("peerAddress", "")))
            if parsed is not None and parsed.version != version:
                message = f"This is the session over IPv{version}, and {parsed} is an IPv{parsed.version} address."
                piece.draft.refuse("other-family", "spec.peerAddress", message, "Give the router's other address.")

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """How it is done."""
        may = one_session(here)
        return {"one_session": may, "how": "one" if may and here.post.get("how") == "one" else "pair"}


def one_session(here: Setting) -> bool:
    """Whether this MetalLB knows sessions for both families."""
    field = page_of_kind("BGPPeer").kind.field(_BOTH)
    served = here.cluster.served_fields.get("BGPPeer", ())
    known = is_served(field, release(here.cluster.metallb_version), served)
    return known and field.effective_in(Mode(here.cluster.mode))
