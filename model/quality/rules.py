"""Warnings about implausible shapes of a mask."""

from .mask_features import MaskFeatures
from .result import Warning

SMALLEST_AREA, LARGEST_AREA = 0.05, 0.6
"""Shares of the image: 0.08 to 0.51 in 925 radiographs, less in screenshots, more in tight crops."""

LEAST_BALANCE = 0.3
"""The smaller lung's area over the larger's: at least 0.49 in 98 of 100 radiographs, also bedside ones."""

MOST_CONTACT = 0.05
"""Share of an edge of the image."""


def shape_warnings(mask: MaskFeatures) -> list[Warning]:
    """Return warnings about the number, size, symmetry and position of the lungs."""
    if mask.lungs == 0:
        return [Warning("no_lung", "No lung was found: check that the image is a chest X-ray.")]
    warnings = []
    if mask.lungs == 1:
        warnings.append(
            Warning(
                "one_lung", "Only one lung was found: the other may be white, removed, covered or missed."
            )
        )
    elif mask.balance < LEAST_BALANCE:
        warnings.append(
            Warning(
                "asymmetry",
                f"One lung is {mask.balance:.0%} of the other's size: part of it may have been missed.",
            )
        )
    if not SMALLEST_AREA <= mask.area <= LARGEST_AREA:
        size = "little" if mask.area < SMALLEST_AREA else "much"
        warnings.append(
            Warning(
                "implausible_area",
                f"The lungs cover {mask.area:.0%} of the image, which is implausibly {size}.",
            )
        )
    edges = [
        name
        for name, share in zip(("top", "bottom", "left", "right"), mask.contact, strict=True)
        if share > MOST_CONTACT
    ]
    if edges:
        warnings.append(
            Warning(
                "touches_border",
                f"The lungs reach the {' and '.join(edges)} edge of the image: the part beyond it is not in "
                "the mask.",
            )
        )
    return warnings
