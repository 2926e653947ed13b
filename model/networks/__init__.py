"""The networks that checkpoints hold."""
