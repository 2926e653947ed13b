"""Metrics of the agreement between a mask and its ground truth."""
