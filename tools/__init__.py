"""Tools of the repository, which the package does not hold: the reference page, the graph."""
