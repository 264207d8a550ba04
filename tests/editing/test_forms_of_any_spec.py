"""Forms of whatever a cluster may hold, and of whatever people may want: nothing is lost, everything can be said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.editing.forms import Surroundings
from clusters.editing.reading import manifest_of
from clusters.kindpages import kind_pages, page_of_kind
from intent.modes import Mode
from tests.editing.drawn import odd_specs, specs, untouched

AROUND = [
    Surroundings(),
    Surroundings(Mode.NATIVE, "0.13.2"),
    Surroundings(
        Mode.FRR,
        "0.16.1",
        offers=dict.fromkeys(("ipAddressPools", "peers", "serviceAllocation.namespaces"), ("blue", "green", "tor-a")),
        suggests={"communities": (("65535:65282", "no-advertise"),)},
    ),
]


@pytest.mark.parametrize("around", AROUND, ids=["unknown", "old", "new"])
@pytest.mark.parametrize("kind", [about.kind.kind for about in kind_pages()])
@settings(max_examples=60)
@given(data=st.data())
def test_a_form_that_nobody_touches_changes_nothing(kind: str, around: Surroundings, data: st.DataObject) -> None:
    about = page_of_kind(kind)
    spec = data.draw(odd_specs(about))
    post = untouched(about, spec, around, spec)
    assert manifest_of(about, post, json.loads(str(post["base"]))).manifest["spec"] == spec


@pytest.mark.parametrize("around", [AROUND[0], AROUND[2]], ids=["unknown", "new"])
@pytest.mark.parametrize("kind", [about.kind.kind for about in kind_pages()])
@settings(max_examples=60)
@given(data=st.data())
def test_everything_that_a_form_shows_can_be_typed_into_an_empty_one(
    kind: str, around: Surroundings, data: st.DataObject
) -> None:
    about = page_of_kind(kind)
    spec = data.draw(specs(about))
    typed = manifest_of(about, untouched(about, spec, around, {}), {})
    assert typed.findings == []
    assert _sorted(typed.manifest["spec"]) == _sorted(spec)


def _sorted(value: Any) -> Any:
    """Names in the order of the alphabet: ticked boxes have no order of their own."""
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in value.items()}
    names = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return sorted(value) if names else value
