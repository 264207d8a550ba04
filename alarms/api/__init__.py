"""/api/v1/: alarms, their rules, silences and maintenance windows."""
