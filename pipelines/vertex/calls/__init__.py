"""Calls of Google Cloud, by service: Google's generated clients, on plain data."""
