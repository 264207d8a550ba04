"""What explains other alarms everywhere: a cluster that does not answer, and nodes that are not ready."""

from django.db import migrations


def _kind(value):
    return [{"name": "kind", "op": "=", "value": value}]


RULES = (
    {"name": "Cluster unreachable", "kind": "cluster-unreachable", "severity": "critical", "seconds": 60},
    {"name": "Node not ready", "kind": "node-not-ready", "severity": "warning", "seconds": 60},
)
INHIBITIONS = (
    {"name": "A cluster that does not answer explains what is not known of it", "equal": ["cluster"],
     "sources": _kind("cluster-unreachable"), "targets": _kind("session-unknown")},
    {"name": "Nodes that are not ready explain their sessions", "equal": ["cluster", "node"],
     "sources": _kind("node-not-ready"), "targets": _kind("session-*")},
)


def add(apps, schema_editor):
    alias = schema_editor.connection.alias
    for name, rows in (("Rule", RULES), ("Inhibition", INHIBITIONS)):
        for row in rows:
            apps.get_model("alarms", name).objects.using(alias).get_or_create(name=row["name"], defaults=row)


class Migration(migrations.Migration):
    dependencies = [("alarms", "0004_inhibition")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
