"""Kubernetes label selectors, by themselves and evaluated over all nodes at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.placement import Placement
from intent.selectors import any_matches, matches, selector_errors
from intent.snapshot import Node

LABELS = {"rack": "a", "zone": "", "example.com/role": "edge"}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({}, True),
        ({"matchLabels": {"rack": "a"}}, True),
        ({"matchLabels": {"rack": "a", "zone": "x"}}, False),
        ({"matchLabels": {"zone": ""}}, True),
        ({"matchLabels": {"none": ""}}, False),
        (expression("rack", "In", "a", "b"), True),
        (expression("rack", "In", "b"), False),
        (expression("none", "In", "a"), False),
        (expression("rack", "NotIn", "b"), True),
        (expression("rack", "NotIn", "a"), False),
        (expression("none", "NotIn", "a"), True),
        (expression("example.com/role", "Exists"), True),
        (expression("none", "Exists"), False),
        (expression("none", "DoesNotExist"), True),
        (expression("rack", "DoesNotExist"), False),
        ({"matchLabels": {"rack": "a"}, **expression("zone", "DoesNotExist")}, False),
        (None, False),
    ],
)
def test_a_selector_chooses_as_kubernetes_does(selector: Any, chosen: bool) -> None:
    assert matches(selector, LABELS) is chosen


def test_selectors_are_alternatives_and_none_means_all() -> None:
    other, this = {"matchLabels": {"rack": "b"}}, {"matchLabels": {"rack": "a"}}
    assert any_matches([other, this], LABELS)
    assert not any_matches([other], LABELS)
    assert any_matches([], {})
    assert any_matches(None, {})


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ("text", ""),
        ({"matchLabels": ["a"]}, "matchLabels"),
        ({"matchLabels": {"a b": "x"}}, "matchLabels"),
        ({"matchLabels": {"Example.COM/x": "x"}}, "matchLabels"),
        ({"matchLabels": {"a": "-x"}}, "matchLabels.a"),
        ({"matchLabels": {"a": "x" * 64}}, "matchLabels.a"),
        ({"matchLabels": {"a": 1}}, "matchLabels.a"),
        ({"matchExpressions": {"a": 1}}, "matchExpressions"),
        ({"matchExpressions": [1]}, "matchExpressions[0]"),
        (expression("rack", "in", "a"), "matchExpressions[0].operator"),
        (expression("rack", "In"), "matchExpressions[0].values"),
        (expression("rack", "Exists", "a"), "matchExpressions[0].values"),
        (expression("", "Exists"), "matchExpressions[0].key"),
        (expression("rack", "In", "a", "not ok"), "matchExpressions[0].values[1]"),
    ],
)
def test_a_selector_that_does_not_convert_says_where(selector: Any, path: str) -> None:
    assert [error.path for error in selector_errors(selector)] == [path]
    assert not matches(selector, LABELS)


KEYS, VALUES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y", ""])
EXPRESSIONS = st.one_of(
    st.builds(
        lambda k, o, v: {"key": k, "operator": o, "values": v}, KEYS, st.sampled_from(["In", "NotIn"]), st.lists(VALUES)
    ),
    st.builds(lambda k, o: {"key": k, "operator": o}, KEYS, st.sampled_from(["Exists", "DoesNotExist", "Is"])),
)
SELECTORS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"matchLabels": st.dictionaries(KEYS, VALUES), "matchExpressions": st.lists(EXPRESSIONS, max_size=2)},
    ),
    max_size=3,
)


@given(SELECTORS, st.lists(st.dictionaries(KEYS, VALUES), min_size=1, max_size=5))
def test_all_nodes_at_once_is_the_same_as_one_by_one(selectors: Any, labels: list[dict[str, str]]) -> None:
    nodes = [Node(f"n{index}", some) for index, some in enumerate(labels)]
    placement = Placement(reversed(nodes))
    expected = tuple(node.name for node in nodes if any_matches(selectors, node.labels))
    assert placement.names(placement.mask({"nodeSelectors": selectors})) == expected
