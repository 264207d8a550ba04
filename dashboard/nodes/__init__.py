"""Nodes: what each announces and holds, and how far one is with being drained."""
