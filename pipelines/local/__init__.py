"""Runs a compiled pipeline on this machine: python -m pipelines run"""
