"""Which masks are right: cleaning, cross-fitting, masks for images that have none."""
