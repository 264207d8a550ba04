"""The order of fields in YAML, which is that of the kind, on every database."""

from __future__ import annotations

from clusters.editing.yaml_text import manifest_yaml

# As PostgreSQL's jsonb gives keys back: by length, then by bytes (its documentation, 8.14 "JSON Types").
STORED = {
    "kind": "BGPPeer",
    "spec": {
        "zNew": 1,
        "myASN": 64500,
        "peerASN": 64501,
        "peerAddress": "10.0.0.1",
        "nodeSelectors": [{"matchExpressions": [{"key": "rack", "values": ["a"], "operator": "In"}]}],
    },
    "metadata": {"name": "tor", "labels": {"b": "1", "aa": "2"}, "namespace": "metallb-system"},
    "apiVersion": "metallb.io/v1beta2",
}


def test_fields_stand_as_their_kind_lists_them_and_others_sorted() -> None:
    lines = [line.strip(" -").split(":")[0] for line in manifest_yaml(STORED).splitlines()]
    assert lines == [
        *("apiVersion", "kind", "metadata", "name", "namespace", "labels", "aa", "b"),
        *("spec", "myASN", "peerASN", "peerAddress", "nodeSelectors"),
        *("matchExpressions", "key", "operator", "values", "a", "zNew"),
    ]
