"""Batch segmentation of an archive on a Ray cluster, into Parquet tables of images and errors."""
