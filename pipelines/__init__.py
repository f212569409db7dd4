"""The graph, and everything that knows both the graph and the machine it runs on."""
