"""How the loopback project is set up: APIs, policies, roles, accounts, registries, keys, quotas."""
