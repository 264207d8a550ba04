"""Specs drawn from the description of a kind, and what a browser sends back of their forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from hypothesis import strategies as st

from clusters.editing.forms import Sketch, Surroundings, form_of
from clusters.editing.inputs import TICKS, Form
from clusters.editing.shapes import shape_of
from clusters.kindpages import KindPage
from intent.kinds import Field

WORDS = st.sampled_from(["blue", "green", "tor-a", "fast", "65535:65282", "10.0.0.0/24", "10.0.0.9-10.0.0.7", "-", "9"])
_KEYS = st.sampled_from(["rack", "zone", "kubernetes.io/hostname"])
_LABELS = st.dictionaries(_KEYS, st.sampled_from(["1", "2", "a.b"]), min_size=1, max_size=2)
_SETS = st.builds(
    lambda key, operator, values: {"key": key, "operator": operator, "values": values},
    _KEYS,
    st.sampled_from(["In", "NotIn"]),
    st.lists(st.sampled_from(["1", "2", "a.b"]), min_size=1, max_size=2, unique=True),
)
_KEYED = st.builds(
    lambda key, operator: {"key": key, "operator": operator}, _KEYS, st.sampled_from(["Exists", "DoesNotExist"])
)
SELECTOR = st.fixed_dictionaries(
    {}, optional={"matchLabels": _LABELS, "matchExpressions": st.lists(_SETS | _KEYED, min_size=1, max_size=2)}
)
_NUMBERS = st.integers(-5, 70_000) | st.sampled_from([0, 1, 32, 128, 64512, 2**31, 4294967295, 4294967296])
_ODD_TEXT = st.text(max_size=12) | st.sampled_from(["", " ", " a ", "a\nb", "\n", "-", "*", "a,b"])
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _ODD_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


def typed(field: Field) -> st.SearchStrategy[Any]:
    """Values that people can put into the form: what a blank field would mean is not among them."""
    items = () if field.items is None else field.items.properties
    durations = st.sampled_from(["30s", "0s", "1h", "soon"])
    found: dict[str, st.SearchStrategy[Any]] = {
        "tick": st.just(not field.default),
        "number": _NUMBERS,
        "choice": st.sampled_from(field.enum or ("none",)),
        "lines": st.lists(WORDS, min_size=1, max_size=3, unique=True),
        "selectors": st.lists(SELECTOR, min_size=1, max_size=2),
        "selector": SELECTOR,
        "parts": st.deferred(lambda: _object(field.properties).filter(bool)),
        "rows": st.deferred(lambda: st.lists(_object(items).filter(bool), min_size=1, max_size=3)),
        "text": durations if field.type == "duration" else WORDS,
    }
    return found[shape_of(field)]


def _object(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={field.name: typed(field) for field in fields if not field.secret})


def specs(about: KindPage) -> st.SearchStrategy[dict[str, Any]]:
    """Specs that people can make with the form."""
    return _object(about.kind.fields)


def odd(field: Field) -> st.SearchStrategy[Any]:
    """Whatever a cluster may hold of the field: empty, of a newer CRD, with blanks, nothing that the form can say."""
    items = () if field.items is None else field.items.properties
    newer = st.fixed_dictionaries({}, optional={"fieldOfTomorrow": _JSON})
    inner = st.deferred(lambda: _odd_object(field.properties))
    found: dict[str, st.SearchStrategy[Any]] = {
        "tick": st.booleans() | st.none(),
        "number": _NUMBERS | st.none(),
        "lines": st.lists(WORDS | _ODD_TEXT, max_size=3) | _JSON,
        "selectors": st.lists(SELECTOR | _JSON, max_size=2) | st.none(),
        "selector": SELECTOR | _JSON,
        "parts": st.builds(lambda one, other: {**one, **other}, inner, newer) | _JSON,
        "rows": st.deferred(lambda: st.lists(_odd_object(items) | _JSON, max_size=3)),
    }
    return found.get(shape_of(field), WORDS | _ODD_TEXT | st.none())


def _odd_object(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={field.name: odd(field) for field in fields if not field.secret})


def odd_specs(about: KindPage) -> st.SearchStrategy[dict[str, Any]]:
    """Specs of any quality."""
    newer = st.dictionaries(st.sampled_from(["fieldOfTomorrow", "another"]), _JSON, max_size=2)
    return st.builds(lambda one, other: {**other, **one}, _odd_object(about.kind.fields), newer)


def sent_back(form: Form, base: Mapping[str, Any]) -> QueryDict:
    """What a browser sends of a form that nobody touched: no line ends in inputs, others in textareas, no empty box."""
    post = QueryDict(mutable=True)
    post["from"], post["base"] = "form", json.dumps(base)
    for one in form.inputs:
        if one.widget == "tick":
            post.appendlist(TICKS, one.name)
            if one.value:
                post.appendlist(one.name, "true")
        elif one.widget == "boxes":
            post.appendlist(TICKS, one.name)
            for name, ticked in one.choices:
                if ticked:
                    post.appendlist(one.name, name)
            post[f"{one.name}.more"] = one.value.replace("\n", "\r\n")
        elif one.widget == "rows":
            post[f"rows.{one.name}"] = one.layout
        elif one.widget == "area":
            post[one.name] = one.value.replace("\n", "\r\n")
        elif one.widget != "fixed":
            post[one.name] = str(one.value).replace("\r", "").replace("\n", "")
    return post


def untouched(about: KindPage, spec: Mapping[str, Any], around: Surroundings, base: Mapping[str, Any]) -> QueryDict:
    """What comes back of the form of a spec, on a page that says that it was made of `base`."""
    form = form_of(about, {"metadata": {"name": "one"}, "spec": spec}, [], around, Sketch())
    return sent_back(form, {"metadata": {"name": "one"}, "spec": base})
