"""Runs on Vertex AI: what is submitted, the client that submits, schedules, and their records."""
