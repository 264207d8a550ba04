"""The home page while sessions come and go between its queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from speakers.models import Session
from tests.fleet import fleet


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/api/v1/problems/"])
def test_sessions_that_go_between_two_queries_are_left_out(admin_client: Client, page: str) -> None:
    fleet(4, down_every=1)
    gone: list[int] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if not gone and "speakers_session" in sql and "GROUP BY" in sql:
            gone.append(0)
            rows = result.fetchall()
            gone[0] = Session.objects.all().delete()[0]
            result.fetchmany = lambda *_: [rows.pop() for _ in range(len(rows))]
        return result

    with connection.execute_wrapper(meanwhile):
        answer = admin_client.get(page)
    assert answer.status_code == 200
    assert gone[0] >= 16
