"""The schema of CustomResourceDefinitions (apiextensions.k8s.io/v1)."""

from __future__ import annotations

from lab.apiserver.builtin.shapes import CONDITIONS, TEXT, TEXTS, partly
from lab.apiserver.resources import OPEN, Schema

_VERSION: Schema = partly(
    name=TEXT,
    served={"type": "boolean"},
    storage={"type": "boolean"},
    schema=partly(openAPIV3Schema=OPEN),
    subresources=OPEN,
    deprecated={"type": "boolean"},
    deprecationWarning=TEXT,
    additionalPrinterColumns={
        "type": "array",
        "items": partly(name=TEXT, type=TEXT, jsonPath=TEXT) | {"required": ["name", "type", "jsonPath"]},
    },
    selectableFields={"type": "array", "items": partly(jsonPath=TEXT) | {"required": ["jsonPath"]}},
) | {"required": ["name", "served", "storage"]}
_NAMES: Schema = partly(plural=TEXT, kind=TEXT, singular=TEXT, listKind=TEXT, shortNames=TEXTS, categories=TEXTS) | {
    "required": ["plural", "kind"]
}
DEFINITION: Schema = partly(
    status=CONDITIONS,
    spec=partly(
        group=TEXT,
        scope=TEXT | {"enum": ["Cluster", "Namespaced"]},
        names=_NAMES,
        versions={"type": "array", "minItems": 1, "items": _VERSION},
    )
    | {"required": ["group", "scope", "names", "versions"]},
) | {"required": ["spec"]}
