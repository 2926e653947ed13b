"""The PACS watcher: finds new radiographs, segments them and stores the segmentations in the same study.

One thread takes each instance through these steps:

    Archive.series, .instances -> Selection -> .has_series -> .fetch -> Segmenter -> write_forms -> .store

The PACS itself is the only record of what was done. The series UID of a segmentation is derived from
the instance and the weights; an instance whose series exists is skipped. Any number of watchers may
therefore be killed, restarted and run in parallel.
"""
