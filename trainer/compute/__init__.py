"""What a run computes on: processors, GPUs, several processes."""
