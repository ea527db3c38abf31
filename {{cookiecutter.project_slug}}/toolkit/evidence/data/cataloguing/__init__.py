"""The catalogue of what may be loaded, and its drafts, which `evidence data describe` makes for a person to confirm."""
