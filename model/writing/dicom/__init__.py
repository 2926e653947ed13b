"""Segmentations as DICOM objects."""
