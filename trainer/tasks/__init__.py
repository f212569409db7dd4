"""Kinds of task: what they differ in, their losses, and their metrics."""
