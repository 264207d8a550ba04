"""What the form of a BGPPeer means."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from clusters.editing.reading import manifest_of
from clusters.kindpages import page_of_kind

OLD = {"name": "tor", "namespace": "elsewhere", "key": "of-a-newer-metallb"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"name": "tor", "namespace": "elsewhere"}, OLD),
        ({"name": "other", "namespace": ""}, {"name": "other", "key": "of-a-newer-metallb"}),
        ({"name": "", "namespace": ""}, None),
    ],
)
def test_parts_of_a_newer_crd_stay_with_those_that_the_form_shows(
    typed: dict[str, str], expected: dict[str, Any] | None
) -> None:
    post = QueryDict(mutable=True)
    post.update({f"passwordSecret.{part}": text for part, text in typed.items()})
    meant = manifest_of(page_of_kind("BGPPeer"), post, {"spec": {"passwordSecret": OLD}})
    assert meant.manifest["spec"].get("passwordSecret") == expected
