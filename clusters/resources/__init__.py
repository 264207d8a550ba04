"""How people see resources: lists, and one object with its findings, its history and what it has to do with others."""
