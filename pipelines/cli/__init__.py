"""The `tabpipe` command: each file parses, calls and prints; nothing else imports them."""
