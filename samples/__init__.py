"""A synthetic chest radiograph that may be shown, posted and committed: see `samples.phantom`."""
