"""Bodies of requests: JSON, JSON merge patches and YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from clusters.api.documents import LARGEST, UnreadableError, read_json, read_yaml
from clusters.api.problems import BadBody


class DocumentParser(BaseParser):
    """JSON (RFC 8259)."""

    media_type = "application/json"
    language = "json"
    read: Callable[[bytes], Any] = staticmethod(read_json)

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The document. Raises BadBody with the reason."""
        try:
            return type(self).read(stream.read(LARGEST[self.language] + 1))
        except UnreadableError as error:
            raise BadBody(f"The body is no {self.language.upper()} that is taken: {error}.") from error


class MergePatchParser(DocumentParser):
    """A JSON merge patch (RFC 7396)."""

    media_type = "application/merge-patch+json"


def _one_or_many(raw: bytes) -> Any:
    documents = read_yaml(raw)
    return documents[0] if len(documents) == 1 else documents


class ManifestYAMLParser(DocumentParser):
    """YAML (RFC 9512); a stream of several documents is read as a list."""

    media_type = "application/yaml"
    language = "yaml"
    read: Callable[[bytes], Any] = staticmethod(_one_or_many)
