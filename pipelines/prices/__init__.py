"""What machines and runs cost at list prices, and which machines can have which accelerators."""
