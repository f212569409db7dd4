"""Preprocessing: a table becomes train, validation and test arrays, and the spec that made them."""
