"""Form, YAML and REST say the same of the same object among the same others, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.db import transaction
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from clusters.editing.forms import Surroundings
from clusters.editing.posted import draft_posted
from clusters.editing.yaml_text import manifest_yaml
from clusters.kindpages import kind_pages, page_of_kind
from clusters.models import Cluster
from intent.findings import Finding
from tests.api.conftest import as_role, user
from tests.editing.drawn import specs, untouched
from tests.kinds import NAMESPACE, saved
from tests.pages.conftest import cluster

__all__ = ["as_role", "cluster", "user"]
PAGES = kind_pages()
# What the others are, by kind and number; some share a name with what the object under judgement says.
_OTHERS = [(about.kind.kind, name) for about in PAGES for name in ("blue", "tor-a")]
Said = set[tuple[str, str, str, str]]


def _said(findings: Iterable[Finding]) -> Said:
    return {(finding.code, str(finding.severity), finding.field, finding.message) for finding in findings}


def _by_form(about: Any, manifest: dict[str, Any]) -> Said:
    post = untouched(about, manifest["spec"], Surroundings(), {})
    post.update({"cluster": "lab", "name": manifest["metadata"]["name"], "namespace": NAMESPACE})
    return _judged(about, post)


def _by_yaml(about: Any, manifest: dict[str, Any]) -> Said:
    post = QueryDict(mutable=True)
    post.update({"from": "yaml", "cluster": "lab", "yaml": manifest_yaml(manifest)})
    return _judged(about, post)


def _judged(about: Any, post: QueryDict) -> Said:
    draft = draft_posted(about, post, SessionStore(), None)
    review = draft.review(dry_run=False)
    assert review is not None
    return _said([*draft.findings, *review.findings])


def _by_rest(api: APIClient, about: Any, manifest: dict[str, Any]) -> Said:
    """Nothing answers at the address of the cluster: rules refuse the trial, or it ends there with what they say."""
    answer = api.post(f"/api/v1/{about.kind.plural}/?dry_run=true", manifest)
    assert answer.status_code in {422, 503}, answer.content
    found = answer.json().get("findings", ())
    return {(each["code"], each["severity"], each["field"], each["message"]) for each in found}


@pytest.fixture
def api(as_role: Any) -> APIClient:
    """An editor's client."""
    client: APIClient = as_role("editor")
    return client


@pytest.mark.parametrize("kind", [about.kind.kind for about in PAGES])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_form_yaml_and_rest_give_one_verdict_in_the_same_words(
    api: APIClient, cluster: Cluster, kind: str, data: st.DataObject
) -> None:
    about = page_of_kind(kind)
    spec = data.draw(specs(about))
    others: Mapping[tuple[str, str], Any] = {
        (other, name): data.draw(specs(page_of_kind(other)))
        for other, name in data.draw(st.lists(st.sampled_from(_OTHERS), max_size=4, unique=True))
    }
    manifest = {
        "apiVersion": about.kind.api_version,
        "kind": about.kind.kind,
        "metadata": {"name": data.draw(st.sampled_from(["one", "Two_"])), "namespace": NAMESPACE},
        "spec": spec,
    }
    with transaction.atomic():
        for (of_kind, name), other in others.items():
            saved(cluster, of_kind, name, other)
        said = _by_form(about, manifest), _by_yaml(about, manifest), _by_rest(api, about, manifest)
        transaction.set_rollback(True)
    assert said[0] == said[1] == said[2]
