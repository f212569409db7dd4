"""Runs on Vertex AI: what is submitted, the client that submits it, schedules and records."""
