"""The watcher of a PACS: finds new radiographs, segments them, stores the segmentations beside them.

One instance goes one way through one thread:

    Archive.series, .instances -> Selection -> .has_series -> .fetch -> Segmenter -> dicom_seg -> .store

What was done is kept nowhere but in the PACS itself: the segmentation of an instance has a series whose UID follows from the
instance and the weights, and where that series is, nothing is done again. So any number of watchers may be killed, restarted and
run beside each other.
"""
