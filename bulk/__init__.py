"""Batch segmentation: the list of files, the loop over them, and the tables of results."""
