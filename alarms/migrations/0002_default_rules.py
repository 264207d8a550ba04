"""Rules that make sense everywhere. Nothing is sent before somebody adds a route."""

from django.db import migrations

RULES = (
    {"name": "Session down", "kind": "session-down", "severity": "warning", "seconds": 120},
    {"name": "Session flapping", "kind": "session-flapping", "severity": "warning", "seconds": 0, "number": 3, "window": 900},
    {"name": "Session state unknown", "kind": "session-unknown", "severity": "warning", "seconds": 300},
    {"name": "VRF without a session", "kind": "few-established", "severity": "critical", "seconds": 60, "number": 1, "per": "vrf"},
    {"name": "Old configuration kept", "kind": "configuration-stale", "severity": "critical", "seconds": 60},
)


def add(apps, schema_editor):
    model = apps.get_model("alarms", "Rule")
    for rule in RULES:
        model.objects.using(schema_editor.connection.alias).get_or_create(name=rule["name"], defaults=rule)


class Migration(migrations.Migration):
    dependencies = [("alarms", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
