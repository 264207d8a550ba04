"""How people change a resource: form, YAML tab, Review, apply, delete, discard; driven by `intent.kinds`."""
