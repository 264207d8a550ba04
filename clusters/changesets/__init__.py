"""Change sets: several edits judged, reviewed, accepted and followed as one."""
