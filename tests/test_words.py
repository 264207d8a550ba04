"""Words for people."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils.html import strip_tags

from clusters.words import bounded, listed, with_article


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("as it is", 8, "as it is"),
        ("edge-far, edge-near, edge-blue", 26, "edge-far, edge-near…"),
        ("one two three", 8, "one two…"),
        ("averyverylongsinglename", 10, "averyvery…"),
        ("a averyverylongsinglename", 10, "a averyve…"),
        ("a\nb\x00c", 10, "a b c"),
    ],
)
def test_what_is_cut_ends_with_a_word(text: str, limit: int, shown: str) -> None:
    assert bounded(text, limit) == shown
    assert len(shown) <= limit


def test_a_list_says_how_many_more_there_are() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_a_kind_has_its_article() -> None:
    assert [with_article(kind) for kind in ("BGPPeer", "IPAddressPool")] == ["a BGPPeer", "an IPAddressPool"]


@pytest.mark.parametrize(
    ("node", "domain"), [("worker-0.ocp.example.com", ".ocp.example.com"), ("worker-0", ""), ("10.0.133.27", "")]
)
def test_a_name_is_told_without_its_domain_where_there_is_little_room(node: str, domain: str) -> None:
    shown = Template("{% load words %}{{ node|host }}").render(Context({"node": node}))
    assert strip_tags(shown) == node
    assert (f'<span class="domain">{domain}</span>' in shown) is bool(domain)
