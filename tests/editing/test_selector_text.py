"""Node selectors as text: what kubectl's syntax means, and that nothing is lost on the way through the form."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.editing.selector_text import read_selectors, write_selectors

_NAME = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True)
_KEY = st.one_of(_NAME, st.builds("{}/{}".format, st.sampled_from(["kubernetes.io", "a.b"]), _NAME))
_EXPRESSION = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": values},
        _KEY,
        st.sampled_from(["In", "NotIn"]),
        st.lists(_NAME, min_size=1, max_size=3),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator}, _KEY, st.sampled_from(["Exists", "DoesNotExist"])
    ),
)
_SELECTOR = st.builds(
    lambda labels, expressions: {
        **({"matchLabels": labels} if labels else {}),
        **({"matchExpressions": expressions} if expressions else {}),
    },
    st.dictionaries(_KEY, st.one_of(_NAME, st.just("")), max_size=3),
    st.lists(_EXPRESSION, max_size=3),
)


def _in(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


@pytest.mark.parametrize(
    ("text", "selectors"),
    [
        ("", []),
        ("*", [{}]),
        ("rack=3", [{"matchLabels": {"rack": "3"}}]),
        ("rack==3,zone=", [{"matchLabels": {"rack": "3", "zone": ""}}]),
        ("rack!=3", [{"matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["3"]}]}]),
        ("gpu", [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]),
        ("! gpu", [{"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}]),
        ("  a in ( b , c )  \r\n\n d=e", [{"matchExpressions": [_in("a", "b", "c")]}, {"matchLabels": {"d": "e"}}]),
        ("rack=1, rack=2", [{"matchLabels": {"rack": "1"}, "matchExpressions": [_in("rack", "2")]}]),
    ],
)
def test_text_is_read_as_kubectl_reads_it(text: str, selectors: list[dict[str, Any]]) -> None:
    assert read_selectors(text) == selectors


@pytest.mark.parametrize("text", ["a in b", "a in (b", "a b", "=3", "a=b=c", "a in (b) c", "(a)", "!", "a, =b"])
def test_a_text_that_is_no_selector_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match="line 2 cannot be read"):
        read_selectors(f"fine=yes\n{text}")


@given(st.lists(_SELECTOR, min_size=1, max_size=3))
def test_writing_and_reading_gives_the_selectors_back(selectors: list[dict[str, Any]]) -> None:
    text = write_selectors(selectors)
    assert text is not None
    assert read_selectors(text) == selectors


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(read_selectors(text), list)


@pytest.mark.parametrize(
    "selectors", ["all", [1], [{"matchExpressions": [_in("a", "")]}], [{"matchExpressions": [_in("a")]}]]
)
def test_selectors_without_a_text_are_left_to_yaml(selectors: object) -> None:
    assert write_selectors(selectors) is None
