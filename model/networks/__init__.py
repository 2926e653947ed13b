"""The networks of checkpoints."""
