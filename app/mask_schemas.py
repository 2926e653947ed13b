"""The schemas of a mask in a JSON answer, by encoding."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from .geojson import FeatureCollection


class PngMask(BaseModel):
    """The mask as a 1-bit PNG of the image's size; 0 is background."""

    encoding: Literal["png"] = Field("png", description="How `data` carries the mask.")
    data: str = Field(description="The PNG in base64.", examples=["iVBORw0KGgo="])


class RunLengths(BaseModel):
    """COCO's compressed run lengths."""

    size: tuple[int, int] = Field(description="Height and width in pixels.", examples=[(2048, 2048)])
    counts: str = Field(description="The run lengths, column by column.", examples=["PPYo0"])


class RleMask(BaseModel):
    """The mask as COCO run lengths, which pycocotools reads."""

    encoding: Literal["rle"] = Field("rle", description="How `data` carries the mask.")
    data: RunLengths = Field(description="The run lengths.")


class PolygonsMask(BaseModel):
    """The mask as COCO polygons."""

    encoding: Literal["polygons"] = Field("polygons", description="How `data` carries the mask.")
    data: list[list[float]] = Field(
        description="Outlines, each as x, y, x, y, … in pixels.", examples=[[[10, 10, 20, 10, 20, 30]]]
    )


class GeoJsonMask(BaseModel):
    """The mask as the outlines of each lung."""

    encoding: Literal["geojson"] = Field("geojson", description="How `data` carries the mask.")
    data: FeatureCollection = Field(description="GeoJSON: a feature for each lung.")


Mask = Annotated[PngMask | RleMask | PolygonsMask | GeoJsonMask, Field(discriminator="encoding")]
