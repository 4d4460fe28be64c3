"""What learns, and the one training loop."""
