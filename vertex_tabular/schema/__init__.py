"""The feature schema: which columns of a table are read, and what each may hold."""
