"""Template tags for words, instants and states; everything that they print is escaped and bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clusters import clock
from clusters.editing.yaml_text import manifest_yaml
from clusters.models import Cluster
from clusters.observing import LABELS
from clusters.pages import parameters
from clusters.paths import keys_of
from clusters.words import (
    DEFAULT_VRF,
    HEALTH_WORDS,
    MODE_WORDS,
    SYNC_WORDS,
    age_words,
    amount,
    before_words,
    bounded,
    counted,
    names_field,
    utc_stamp,
    utc_words,
)
from intent.kinds import KINDS

register = template.Library()
_NOTHING = "\N{EN DASH}"
_WHOLE = 50_000  # characters
register.filter("amount", amount)


@register.filter
def age(at: datetime | None, form: str = "long") -> SafeString | str:
    """How long ago, ticking in the browser, with the absolute UTC on hover; form: long or short."""
    return _NOTHING if at is None else _ticking(at, form, utc_words(at))


def _ticking(at: datetime, form: str, title: str) -> SafeString:
    words = age_words(clock.now() - at, short=form == "short")
    return format_html('<time datetime="{}" title="{}" data-age="{}">{}</time>', utc_stamp(at), title, form, words)


@register.filter
def lasting(row: Any, form: str = "long") -> SafeString | str:
    """How long ago the `since` of a row is, at least, if it began before (`began_before`)."""
    if row.since is None or not row.began_before:
        return age(row.since, form)
    least = "\N{GREATER-THAN OR EQUAL TO}" if form == "short" else "at least "
    return format_html("{}{}", least, _ticking(row.since, form, before_words(row.since)))


register.filter(names_field)


@register.filter
def instant(at: datetime | None) -> SafeString | str:
    """The absolute UTC."""
    return _NOTHING if at is None else format_html('<time datetime="{}">{}</time>', utc_stamp(at), utc_words(at))


@register.filter
def span(duration: timedelta) -> str:
    """How long it is: "15 min"."""
    return age_words(duration)


@register.filter
def stamp(at: datetime | None) -> str:
    """The instant for machines."""
    return "" if at is None else utc_stamp(at)


@register.filter
def line(value: object, limit: int = 300) -> str:
    """One bounded line of foreign text."""
    return bounded(value, limit)


@register.filter
def host(node: str) -> SafeString:
    """A node's name, whose domain gives way where there is little room; one of digits is an address, and has none."""
    name = line(node, 63)
    first, dot, rest = name.partition(".")
    if not dot or first.isdigit():
        return format_html("{}", name)
    return format_html('{}<span class="domain">.{}</span>', first, rest)


@register.filter
def shown(value: Any) -> str:
    """A JSON value of a spec as people write it; nothing for what is not set."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return bounded(value)
    return bounded(json.dumps(value, ensure_ascii=False, default=str), 1000)


@register.filter
def listed(value: Any) -> str:
    """The same, a list of values with commas between."""
    return bounded(", ".join(shown(one) for one in value), 1000) if isinstance(value, list) else shown(value)


@register.simple_tag
def unset(path: str = "", kind: str = "") -> SafeString:
    """Says that a field of an object is not set, with what the API server fills in then. kind: "" = no such object."""
    keys = keys_of(path) if path else []
    default = KINDS[kind].default_at(keys[1:]) if kind in KINDS and keys[:1] == ["spec"] else None
    words = "not set" if default is None else f"not set ({shown(default)} by default)"
    return format_html('<span class="soft">{}</span>', words)


@register.filter
def whole(value: Any) -> str:
    """All of a JSON value, over several lines; what floods a page even so is cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return text if len(text) <= _WHOLE else f"{text[:_WHOLE]}…"


@register.filter
def health_word(health: str) -> str:
    """The word for a session's health."""
    return HEALTH_WORDS.get(health, bounded(health, 20))


@register.filter
def sync_word(state: str) -> str:
    """The word for a resource's sync state."""
    return SYNC_WORDS.get(state, bounded(state, 20))


@register.filter
def has(numbers: Mapping[str, int], key: str) -> bool:
    """Whether a counter has any of these."""
    return bool(numbers.get(key))


@register.filter
def mode_words(cluster: Cluster) -> str:
    """How the cluster runs BGP: "FRR-K8s · MetalLB 0.16.1"."""
    mode = MODE_WORDS.get(cluster.mode, "mode not known yet")
    return f"{mode} · MetalLB {bounded(cluster.metallb_version, 20)}" if cluster.metallb_version else mode


@register.filter
def observing_words(cluster: Cluster) -> str:
    """How its sessions are observed."""
    return LABELS[cluster.observing]


@register.simple_tag
def state(code: str, word: str = "") -> SafeString:
    """Glyph, word and colour of a state of either axis."""
    text = word or SYNC_WORDS.get(code) or HEALTH_WORDS.get(code) or code
    return format_html('<span class="state" data-h="{}">{}</span>', bounded(code, 20), bounded(text, 200))


@register.filter
def coded(text: str) -> SafeString:
    """Our own words with `code` between backticks."""
    parts = text.split("`")
    pairs = ((part, "code" if index % 2 else "span") for index, part in enumerate(parts))
    return format_html_join("", "<{1}>{0}</{1}>", pairs)


@register.filter
def as_yaml(manifest: Mapping[str, Any]) -> str:
    """A manifest as people write it."""
    return manifest_yaml(manifest)


@register.filter
def plural(number: int, nouns: str) -> str:
    """`3|plural:"session"` is "3 sessions"; `"entry,entries"` names both."""
    one, _, many = nouns.partition(",")
    return counted(number, one, many)


@register.filter
def grouped(number: int) -> str:
    """`20015|grouped` is "20,015"."""
    return f"{number:,}"


@register.simple_tag
def vrf(name: str) -> SafeString:
    """A VRF's name; every VRF but the default one is a Technology Preview on OpenShift."""
    shown_name = bounded(name or DEFAULT_VRF, 63)
    if shown_name == DEFAULT_VRF:
        return format_html("{}", shown_name)
    return format_html(
        '{} <abbr class="preview" title="VRFs are a Technology Preview on OpenShift: not supported in production">'
        "Technology Preview</abbr>",
        shown_name,
    )


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: str | int | None) -> str:
    """This page's query string with changes."""
    return parameters(context["request"], **changes)


@register.simple_tag
def copy(text: str, label: str = "Copy") -> SafeString:
    """A button that copies the text."""
    return format_html('<button type="button" class="copy" data-copy="{}">{}</button>', text, label)


@register.simple_tag
def command(text: str, label: str = "Copy the oc command") -> SafeString:
    """A command line to select or copy."""
    return format_html('<div class="command"><code>{}</code>{}</div>', text, copy(text, label))
