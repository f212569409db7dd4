"""Features: what is learned from a table, and the arrays that its rows become."""
