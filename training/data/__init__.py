"""The images and masks of training: folders, data sets, sampling, augmentation, degradation."""
