"""The commands for what runs leave: comparing, showing, drawing and deleting it."""
