"""Which images and masks are learnt from: folders, data sets, sampling, batches, augmentation."""
