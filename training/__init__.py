"""Trains, evaluates, calibrates and exports checkpoints."""
