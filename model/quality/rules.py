"""What a mask's shape alone says against it."""

from .mask_features import Outline
from .result import Warning

SMALLEST_AREA, LARGEST_AREA = 0.05, 0.6
"""Of the image. In 925 radiographs lungs cover 0.08 to 0.51 of it; children and screenshots less, tight crops more."""

LEAST_BALANCE = 0.3
"""The smaller lung's area by the larger's: 0.49 at least in 98 of 100 radiographs, bedside ones included."""

MOST_CONTACT = 0.05
"""Of an edge of the image."""


def shape_warnings(outline: Outline) -> list[Warning]:
    """Warnings about the number, size, likeness and place of the lungs."""
    if outline.lungs == 0:
        return [Warning("no_lung", "No lung was found: check that the image is a chest X-ray.")]
    warnings = []
    if outline.lungs == 1:
        warnings.append(
            Warning(
                "one_lung", "Only one lung was found: the other may be white, removed, covered or missed."
            )
        )
    elif outline.balance < LEAST_BALANCE:
        warnings.append(
            Warning(
                "asymmetry",
                f"One lung is {outline.balance:.0%} of the other's size: part of it may have been missed.",
            )
        )
    if not SMALLEST_AREA <= outline.area <= LARGEST_AREA:
        size = "little" if outline.area < SMALLEST_AREA else "much"
        warnings.append(
            Warning(
                "implausible_area",
                f"The lungs cover {outline.area:.0%} of the image, which is implausibly {size}.",
            )
        )
    edges = [
        name
        for name, share in zip(("top", "bottom", "left", "right"), outline.contact, strict=True)
        if share > MOST_CONTACT
    ]
    if edges:
        warnings.append(
            Warning(
                "touches_border",
                f"The lungs reach the {' and '.join(edges)} edge of the image: what lies beyond is not in the mask.",
            )
        )
    return warnings
