"""Synthetic chest radiographs, free to publish: see `samples.phantom`."""
