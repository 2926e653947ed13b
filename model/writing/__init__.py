"""Writers of segmentations: images, COCO, GeoJSON, DICOM, NIfTI."""
