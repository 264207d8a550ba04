"""Guided ways: a page with the questions that matter for one task, which ends on the Review of all its objects."""
