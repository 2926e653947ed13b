"""The lungs' outlines as GeoJSON (RFC 7946), as they go over the wire."""

from typing import Literal

from pydantic import BaseModel, Field

Ring = list[tuple[float, float]]


class Outlines(BaseModel):
    """The outlines of one lung."""

    type: Literal["MultiPolygon"] = Field(description="GeoJSON's word for several polygons.")
    coordinates: list[list[Ring]] = Field(
        description="A polygon for each component: its outer ring, then its holes; rings are closed. Points are x, y in pixels from "
        "the image's upper left corner, y downwards.",
        examples=[[[[(10, 10), (10, 30), (20, 30), (20, 10), (10, 10)]]]],
    )


class OutlinedLung(BaseModel):
    """What is known about an outlined lung."""

    name: str = Field(description="For people.", examples=["right lung"])
    label: int = Field(description="1 is the right lung, 2 the left one.", examples=[1])
    area_px: int = Field(description="Pixels of the mask.", examples=[512000])
    area_mm2: float | None = Field(description="Area in mm² where the spacing is known, else null.")
    centroid: tuple[float, float] = Field(
        description="Its centre in the coordinates of the outlines: x, y.", examples=[(560.7, 906.2)]
    )


class Feature(BaseModel):
    """One of the patient's lungs."""

    type: Literal["Feature"] = Field(description="GeoJSON's word for it.")
    id: Literal["right", "left"] = Field(description="Which of the patient's lungs.")
    bbox: tuple[float, float, float, float] = Field(
        description="Smallest rectangle around it: left, top, right, bottom."
    )
    geometry: Outlines = Field(description="Its outlines.")
    properties: OutlinedLung = Field(description="What is known about it.")


class FeatureCollection(BaseModel):
    """The lungs that were found."""

    type: Literal["FeatureCollection"] = Field(description="GeoJSON's word for it.")
    features: list[Feature] = Field(description="One for each lung that was found.")
