"""Browsers of staff: signed in, and with a camera that sees what a test puts before it."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect


def camera_seeing(scene: Path) -> tuple[str, ...]:
    """The flags of a Chromium whose camera sees a film of pictures, ``scene``, and may be used without asking."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={scene}",
    )


def film(scene: Path, picture: bytes | None) -> None:
    """Put a picture, or nothing, in front of the camera."""
    wall = Image.new("RGB", (640, 480), "#888")
    if picture:
        code = Image.open(io.BytesIO(picture)).convert("RGB")
        code.thumbnail((420, 420))
        wall.paste(code.rotate(7, expand=True, fillcolor="#888"), (90, 20))
    frame = io.BytesIO()
    wall.save(frame, "JPEG", quality=85)
    scene.write_bytes(frame.getvalue() * 4)


def sign_in_verifier(page: Page) -> None:
    """The demonstration's verifier opens the scanner."""
    page.goto("/h5/staff/verify")
    page.get_by_label("用户名").fill("verifier")
    page.get_by_label("密码", exact=True).fill("verifier-demo")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="核验证照")).to_be_visible()
