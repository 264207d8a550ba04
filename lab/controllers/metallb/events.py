"""Events about objects, one for the same words, counted (client-go's recorder)."""

from __future__ import annotations

import uuid

from lab.apiserver import ApiError, Manifest, Store
from lab.manifests import stamp

Said = tuple[str, str, str]  # uid, reason, message


class Recorder:
    """Writes events of one component. Events are a courtesy: one that cannot be written is dropped."""

    def __init__(self, store: Store, component: str) -> None:
        self._store, self._component = store, component
        self._said: dict[Said, tuple[str, str]] = {}

    def say(self, about: Manifest, kind: str, reason: str, message: str) -> None:
        """kind: Normal or Warning."""
        metadata = about["metadata"]
        said = metadata["uid"], reason, message
        if said in self._said and self._again(self._said[said]):
            return
        name = f"{metadata['name']}.{uuid.uuid4().hex[:16]}"
        involved = {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        }
        event = {
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "involvedObject": involved,
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
            "count": 1,
            "firstTimestamp": stamp(),
            "lastTimestamp": stamp(),
            "eventTime": None,
        }
        try:
            self._store.create("events", event)
        except ApiError:
            return
        self._said[said] = metadata["namespace"], name

    def forget(self, uid: str) -> None:
        """The object is gone."""
        for said in [said for said in self._said if said[0] == uid]:
            del self._said[said]

    def _again(self, key: tuple[str, str]) -> bool:
        event = self._store.get("events", *key)
        if event is None:
            return False
        self._store.patch("events", *key, {"count": event["count"] + 1, "lastTimestamp": stamp()})
        return True
