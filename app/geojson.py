"""The schema of the outlines of lungs and heart as GeoJSON (RFC 7946)."""

from typing import Literal

from pydantic import BaseModel, Field

Ring = list[tuple[float, float]]


class Outlines(BaseModel):
    """The outlines of one lung or of the heart."""

    type: Literal["MultiPolygon"] = Field(description="The GeoJSON type.")
    coordinates: list[list[Ring]] = Field(
        description="One polygon per component: the outer ring, then the holes; rings are closed. Points "
        "are x, y in pixels from the image's upper left corner, with y downwards.",
        examples=[[[[(10, 10), (10, 30), (20, 30), (20, 10), (10, 10)]]]],
    )


class OutlinedStructure(BaseModel):
    """The properties of an outlined lung or heart."""

    name: str = Field(description="Name for display.", examples=["right lung"])
    label: int = Field(description="1 is the right lung, 2 the left lung, 3 the heart.", examples=[1])
    area_px: int = Field(description="Area in pixels.", examples=[512000])
    area_mm2: float | None = Field(description="Area in mm² where the spacing is known, else null.")
    centroid: tuple[float, float] = Field(
        description="Centroid in the coordinates of the outlines: x, y.", examples=[(560.7, 906.2)]
    )


class Feature(BaseModel):
    """One of the patient's lungs, or the heart."""

    type: Literal["Feature"] = Field(description="The GeoJSON type.")
    id: Literal["right", "left", "heart"] = Field(description="Which of the patient's lungs, or the heart.")
    bbox: tuple[float, float, float, float] = Field(description="The bounding box: left, top, right, bottom.")
    geometry: Outlines = Field(description="The outlines.")
    properties: OutlinedStructure = Field(description="Its name and measures.")


class FeatureCollection(BaseModel):
    """The lungs and the heart that were found."""

    type: Literal["FeatureCollection"] = Field(description="The GeoJSON type.")
    features: list[Feature] = Field(
        description="One for each lung that was found, and for the heart if it was found."
    )
