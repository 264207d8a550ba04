"""The OpenAPI description and its page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from intent.kinds import KINDS, Kind

NEEDED = {"prefix": "203.0.113.0/24", "cluster": "lab"}


@pytest.fixture
def description(api: APIClient) -> dict[str, Any]:
    answer = api.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_description_is_valid_and_made_without_a_warning(tmp_path: Any, description: dict[str, Any]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    validate(description)
    assert description["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", str(description)))
    assert names <= description["components"]["schemas"].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_a_kind_are_those_of_the_one_description(description: dict[str, Any], kind: str) -> None:
    spec = description["components"]["schemas"][kind]["properties"]["spec"]
    assert list(spec["properties"]) == [field.name for field in KINDS[kind].fields]
    for field in KINDS[kind].fields:
        assert spec["properties"][field.name]["description"] == field.description
        assert spec["properties"][field.name].get("writeOnly", False) is field.secret
    assert "x-kubernetes" not in str(spec)


def test_every_operation_has_a_summary_and_answers_errors_as_problems(description: dict[str, Any]) -> None:
    operations = [
        operation
        for path in description["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    assert len(operations) > 25
    for operation in operations:
        assert operation["summary"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert {"token": []} in operation["security"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_examples_are_taken_as_they_are(
    description: dict[str, Any], api: APIClient, cluster: object, kind: Kind
) -> None:
    path = f"/api/v1/{kind.plural}/"
    body = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    (example,) = body["examples"].values()
    assert api.post(path, example["value"]).status_code == 202


def test_the_page_needs_a_login_and_no_inline_script_or_style(user: Callable[..., User]) -> None:
    browser = APIClient()
    assert browser.get("/api/docs/").status_code == 302
    browser.force_login(user("viewer"))
    page = browser.get("/api/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)", text)
    assert not re.search(r"<style|style=|onload=|https?://", text.replace("http://www.w3.org/2000/svg", ""))
    script = browser.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema/" in script.content


def _wrong(parameter: dict[str, Any]) -> list[str]:
    """Values that a query parameter cannot have, none where any text may be meant."""
    schema, name = parameter["schema"], parameter["name"]
    kind = schema["items"] if schema.get("type") == "array" else schema
    if kind.get("type") in ("boolean", "integer", "number"):
        return ["1"] if kind["type"] == "boolean" else ["yes"]
    meant = {"enum", "format"} & kind.keys() or name in ("cluster", "ordering")
    return ["no-such-thing"] if meant else []


def test_no_parameter_of_any_list_swallows_a_value_that_means_nothing(
    description: dict[str, Any], as_role: Callable[[str], APIClient], cluster: object
) -> None:
    admin, swallowed, tried = as_role("admin"), list[str](), set[str]()
    for path, ways in description["paths"].items():
        if "get" not in ways or "{" in path:
            continue
        parameters = [one for one in ways["get"].get("parameters", ()) if one["in"] == "query"]
        needed = {one["name"]: NEEDED[one["name"]] for one in parameters if one.get("required")}
        for name, value in [(one["name"], value) for one in parameters for value in _wrong(one)]:
            tried.add(path)
            answer = admin.get(path, needed | {name: value})
            told = [one["field"] for one in answer.json().get("findings", ())] if answer.status_code == 400 else []
            if told != [name] and (name, answer.status_code) != ("page", 404):  # as a page behind the last one
                swallowed.append(f"{path}?{name}={value}: {answer.status_code} {told}")
    assert not swallowed, "\n".join(swallowed)
    assert len(tried) > 25
