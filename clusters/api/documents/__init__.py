"""JSON and YAML from outside as plain data, bounded in size, depth and number, and safe to write out again."""

from __future__ import annotations

from clusters.api.documents.bounds import LARGEST, Document, UnreadableError
from clusters.api.documents.json_text import json_document, read_json
from clusters.api.documents.yaml_text import Unread, is_text, read_documents, read_each, read_yaml

__all__ = [
    "LARGEST",
    "Document",
    "Unread",
    "UnreadableError",
    "is_text",
    "json_document",
    "read_documents",
    "read_each",
    "read_json",
    "read_yaml",
]
