"""A user's project: its settings in tabpipe.toml, how it begins, and a sample to try."""
