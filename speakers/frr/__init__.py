"""FRR as seen through vtysh: fixed commands, tolerant parsers, causes in plain words. No Django, no I/O."""
