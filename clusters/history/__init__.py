"""The history: every change of an object, ours and others', and the way back to any point of it."""
