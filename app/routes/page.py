"""``GET /``: the demonstration page and its files."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

WEB = Path(__file__).parents[1] / "web"
SAMPLES = ("phantom.png", "phantom_mask.png")
# Not guessed from the system's tables, which a container may lack: browsers run no script of a wrong type.
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> FileResponse:
    """Return the page."""
    return FileResponse(WEB / "index.html", media_type="text/html")


@router.get("/worker.js")
async def worker() -> FileResponse:
    """Answer the service worker; its path is its scope."""
    return FileResponse(WEB / "worker.js", media_type=TYPES[".js"])


@router.get("/web/{name}")
async def asset(name: str) -> FileResponse:
    """Return a script, a style sheet or an image of the page."""
    path = _ASSETS.get(name)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=TYPES[path.suffix])


@router.get("/samples/{name}")
async def sample(name: str) -> FileResponse:
    """Return the synthetic radiograph, or its ground truth."""
    path = Path(str(files("samples"))) / name
    if name not in SAMPLES or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type="image/png")


_ASSETS = {path.name: path for path in WEB.iterdir() if path.suffix in TYPES}
