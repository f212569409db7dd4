"""Any compiled pipeline on this machine: its graph, scheduled task by task."""
