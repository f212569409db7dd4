"""Trains a PyTorch MLP on tabular `.npz` arrays; needs numpy and torch, nothing else."""
