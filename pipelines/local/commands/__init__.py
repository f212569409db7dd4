"""What a step's command becomes on this machine, where nothing is installed for it."""
