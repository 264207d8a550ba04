"""The columns of a model are the fields of its kind."""

from __future__ import annotations

import pytest

from clusters.models import Resource
from clusters.registry import resource_models
from intent.kinds import KINDS


def test_every_kind_that_people_configure_has_a_model() -> None:
    assert resource_models().keys() == KINDS.keys()


@pytest.mark.parametrize("model", resource_models().values(), ids=lambda model: model.__name__)
def test_every_field_that_is_no_secret_has_a_nullable_column(model: type[Resource]) -> None:
    columns = {field.name: field for field in model._meta.fields}
    for field in model.KIND.fields:
        assert (field.column in columns) is not field.secret, field.name
        assert field.secret or columns[field.column].null, field.name


@pytest.mark.parametrize("model", resource_models().values(), ids=lambda model: model.__name__)
def test_a_spec_survives_the_columns_and_unknown_fields_are_kept(model: type[Resource]) -> None:
    spec = {field.name: field.default for field in model.KIND.fields if field.default is not None and not field.secret}
    row = model(namespace="metallb-system", name="one")
    secrets = {field.name: "hunter2" for field in model.KIND.fields if field.secret}
    row.spec = {**spec, "fieldOfTomorrow": {"deep": [1, 2]}, **secrets}
    assert row.spec == {**spec, "fieldOfTomorrow": {"deep": [1, 2]}}
