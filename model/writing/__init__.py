"""A segmentation written down: images, COCO and GeoJSON, DICOM, NIfTI."""
