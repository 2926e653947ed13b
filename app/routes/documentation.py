"""``GET /docs``: Swagger UI, with its files served locally so that the page contacts no other host."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from re import DOTALL, findall

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs-assets"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return the page."""
    app: FastAPI = request.app
    # Relative, so that the page works under any prefix of a proxy.
    assets = ASSETS.removeprefix("/")
    page = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=app.title,
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
    )
    (script,) = findall(r"<script>(.*?)</script>", bytes(page.body).decode(), DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return page


def assets() -> StaticFiles:
    """Return Swagger UI's script and style, from an installed package."""
    return StaticFiles(directory=str(files("fastapi_offline") / "static"))
