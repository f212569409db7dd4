"""The cache of local runs: what unchanged steps need not do again, and why others must."""
