"""Uploads: honest pictures come through clean, everything else is refused by a known code."""

import hashlib
import resource
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import piexif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from media.images import ImageRefusedError, Photo, inspect_photo

MEGABYTE = 1_000_000
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def inspect(data: bytes) -> Photo:
    return inspect_photo(data, max_bytes=MEGABYTE, max_pixels=MEGABYTE)


def refusal(data: bytes, *, max_bytes: int = MEGABYTE, max_pixels: int = MEGABYTE) -> str:
    with pytest.raises(ImageRefusedError) as refused:
        inspect_photo(data, max_bytes=max_bytes, max_pixels=max_pixels)
    return refused.value.code


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Four plain quarters: red, green, blue, white, so that a turn shows."""
    image = Image.new("RGB", size, "white")
    width, height = size[0] // 2, size[1] // 2
    for colour, x, y in (("red", 0, 0), ("lime", width, 0), ("blue", 0, height)):
        image.paste(colour, (x, y, x + width, y + height))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, ...], tolerance: int = 25) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png_header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


@contextmanager
def little_memory(room: int = 64 * 1024 * 1024) -> Iterator[None]:
    """The kernel itself gives this process no more address space than ``room`` bytes above what it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize(("kind", "content_type"), TYPES.items())
def test_each_allowed_type_is_kept_as_its_type(kind: str, content_type: str) -> None:
    photo = inspect(saved(picture(), kind))
    image = opened(photo.data)
    assert (photo.content_type, photo.width, photo.height) == (content_type, 48, 32)
    assert (image.format, image.size) == (kind, (48, 32))
    assert photo.sha256 == hashlib.sha256(photo.data).hexdigest()
    for point, colour in (((6, 6), (255, 0, 0)), ((40, 6), (0, 255, 0)), ((6, 26), (0, 0, 255))):
        assert near(image.convert("RGB").getpixel(point), colour)


def test_no_bytes_and_too_many_bytes_are_refused() -> None:
    data = saved(picture(), "PNG")
    assert refusal(b"") == "empty"
    assert refusal(data, max_bytes=len(data) - 1) == "too_large"
    assert inspect_photo(data, max_bytes=len(data), max_pixels=MEGABYTE).width == 48


@pytest.mark.parametrize(
    "data",
    [
        b"this text is named photo.jpg",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"\xff\xd8",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        saved(picture(), "GIF"),
        saved(picture(), "BMP"),
        saved(picture(), "TIFF"),
    ],
    ids=["text", "svg", "pdf", "zip", "two bytes", "wav", "gif", "bmp", "tiff"],
)
def test_another_type_is_refused_whatever_its_name(data: bytes) -> None:
    assert refusal(data) == "unsupported_type"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    frames = [picture(), ImageOps.invert(picture())]
    assert refusal(saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)) == "unsupported_type"


@pytest.mark.parametrize("kind", TYPES)
def test_a_picture_of_one_pixel_too_many_is_refused_and_one_less_is_not(kind: str) -> None:
    data = saved(picture(), kind)
    assert refusal(data, max_pixels=48 * 32 - 1) == "too_many_pixels"
    assert inspect_photo(data, max_bytes=MEGABYTE, max_pixels=48 * 32).height == 32


def webp(first: bytes, content: bytes) -> bytes:
    chunk = first + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


BOMBS = {
    "png": png(png_header(30_000, 30_000), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")),
    "jpeg": saved(picture(), "JPEG").replace(struct.pack(">HH", 32, 48), struct.pack(">HH", 65_000, 65_000), 1),
    "webp lossy": saved(picture(), "WEBP").replace(struct.pack("<HH", 48, 32), struct.pack("<HH", 16_383, 16_383), 1),
    "webp lossless": webp(b"VP8L", b"\x2f" + struct.pack("<I", 16_383 | 16_383 << 14) + bytes(100)),
    "webp extended": webp(b"VP8X", bytes(4) + b"\xff\xff\x00\xff\xff\x00") + webp(b"VP8 ", bytes(50))[12:],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_header_in_little_memory(name: str) -> None:
    with little_memory():
        assert refusal(BOMBS[name], max_pixels=50 * MEGABYTE) == "too_many_pixels"


def test_a_png_made_of_zeros_is_refused_before_it_is_unpacked() -> None:
    whole = zlib.compress(bytes((3 * 6000 + 1) * 6000), 1)
    data = png(png_header(6000, 6000), (b"IDAT", whole), (b"IEND", b""))
    assert len(data) < MEGABYTE
    with little_memory():
        assert refusal(data, max_pixels=30 * MEGABYTE) == "too_many_pixels"


def test_pillow_s_own_limit_neither_speaks_nor_is_touched() -> None:
    limit = Image.MAX_IMAGE_PIXELS
    assert limit is not None
    side = int(limit**0.5) + 10
    data = saved(Image.new("1", (side, side)), "PNG")
    with warnings.catch_warnings(record=True) as spoken:
        warnings.simplefilter("always")
        photo = inspect_photo(data, max_bytes=MEGABYTE, max_pixels=2 * limit)
    assert (photo.width, spoken) == (side, [])
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = saved(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert refusal(data[:-2] + scan * 1000 + b"\xff\xd9", max_pixels=16 * MEGABYTE) == "broken"
    assert inspect_photo(data, max_bytes=MEGABYTE, max_pixels=16 * MEGABYTE).width == 4000


def test_a_photo_loses_its_gps_position_and_every_other_exif_field() -> None:
    gps = {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((46, 1), (48, 1), (0, 1))}
    exif = piexif.dump({"0th": {piexif.ImageIFD.Make: b"SecretPhone"}, "GPS": gps, "1st": {}, "thumbnail": None})
    data = saved(picture(), "JPEG", exif=exif)
    assert piexif.load(data)["GPS"], "the upload has a position to lose"
    photo = inspect(data)
    left = piexif.load(photo.data)
    assert not any(left[part] for part in ("0th", "Exif", "GPS", "1st", "thumbnail"))
    assert b"SecretPhone" not in photo.data


@pytest.mark.parametrize("kind", TYPES)
def test_no_metadata_of_any_kind_is_left(kind: str) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a-secret-place")
    text.add_itxt("XML:com.adobe.xmp", "<x>a-secret-place</x>")
    exif = Image.Exif()
    exif[0x010E] = "a-secret-place"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(
        picture(),
        kind,
        exif=exif.tobytes(),
        xmp=b"<x>a-secret-place</x>",
        comment=b"a-secret-place",
        icc_profile=profile,
        pnginfo=text,
    )
    assert data.count(b"a-secret-place") >= 2
    photo = inspect(data + b"a-secret-place appended")
    assert b"secret" not in photo.data
    assert set(opened(photo.data).info) <= {
        *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
        *("loop", "background", "timestamp", "duration"),
    }


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("orientation", range(10))
def test_a_photo_stands_upright_without_its_orientation_tag(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = ImageOps.exif_transpose(opened(saved(picture(), kind, exif=exif.tobytes())))
    photo = inspect(saved(picture(), kind, exif=exif.tobytes()))
    result = opened(photo.data)
    assert (photo.width, photo.height) == result.size == turned.size
    assert result.getexif().get(0x0112) is None
    right, bottom = result.width - 6, result.height - 6
    for point in ((6, 6), (right, 6), (6, bottom), (right, bottom)):
        expected = turned.convert("RGB").getpixel(point)
        assert isinstance(expected, tuple)
        assert near(result.convert("RGB").getpixel(point), expected)


def test_orientation_six_turns_the_photo_a_quarter_to_the_right() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = inspect(saved(picture(), "JPEG", exif=exif.tobytes()))
    assert (photo.width, photo.height) == (32, 48)
    assert near(opened(photo.data).getpixel((26, 6)), (255, 0, 0)), "the red quarter moves from top left to top right"


def test_a_damaged_exif_block_spoils_no_photo() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n4\nnot hexadecimal\n")
    assert inspect(saved(picture(), "PNG", pnginfo=text)).width == 48
    assert inspect(saved(picture(), "JPEG", exif=b"Exif\x00\x00not a tiff at all")).width == 48


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(kind: str, share: float) -> None:
    image = Image.effect_noise((200, 150), 80).convert("RGB")
    data = saved(image, kind)
    assert refusal(data[: 40 + int(share * (len(data) - 40))]) == "broken"


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(TYPES)), st.data())
def test_damage_anywhere_is_refused_as_an_image_or_does_not_matter(kind: str, data: st.DataObject) -> None:
    whole = bytearray(saved(picture(), kind, exif=piexif.dump({"0th": {piexif.ImageIFD.Orientation: 3}})))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            photo = inspect(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
        except ImageRefusedError:
            return
    assert opened(photo.data).size == (photo.width, photo.height)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_png_mode_keeps_what_it_shows(mode: str) -> None:
    source = picture("L").convert(mode) if mode != "I;16" else picture("L").convert("I").point(lambda v: v * 257)
    photo = inspect(saved(source.convert(mode), "PNG"))
    image = opened(photo.data)
    grey = source.convert("1").convert("L") if mode == "1" else picture("L")
    assert image.mode in {"L", "RGB", "RGBA"}
    assert image.convert("L").tobytes() == grey.tobytes()


@pytest.mark.parametrize(("mode", "key"), [("P", 0), ("L", 255), ("RGB", (255, 255, 255))])
def test_a_transparent_colour_stays_transparent(mode: str, key: object) -> None:
    source = Image.new(mode, (8, 8), 0 if mode == "P" else "white")
    image = opened(inspect(saved(source, "PNG", transparency=key)).data)
    pixel = image.getpixel((3, 3))
    assert image.mode == "RGBA"
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    image = opened(inspect(saved(picture("CMYK"), "JPEG")).data)
    assert image.mode == "RGB"
    assert near(image.getpixel((6, 6)), (255, 0, 0), 40)


def test_colours_are_brought_to_srgb_before_the_profile_is_dropped() -> None:
    """A profile whose red and blue are exchanged: the picture must come out exchanged, or the profile was ignored."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    for kind in TYPES:
        image = opened(inspect(saved(picture(), kind, icc_profile=bytes(profile))).data).convert("RGB")
        assert near(image.getpixel((6, 6)), (0, 0, 255)), kind
        assert near(image.getpixel((6, 26)), (255, 0, 0)), kind


def test_a_damaged_colour_profile_spoils_no_photo() -> None:
    assert near(opened(inspect(saved(picture(), "JPEG", icc_profile=b"nonsense")).data).getpixel((6, 6)), (255, 0, 0))


def test_a_colour_profile_changes_neither_a_grey_picture_nor_transparency() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = opened(inspect(saved(picture("L"), "PNG", icc_profile=profile)).data)
    assert grey.tobytes() == picture("L").tobytes()
    glass = picture("RGBA")
    glass.putalpha(100)
    assert opened(inspect(saved(glass, "PNG", icc_profile=profile)).data).getchannel("A").getextrema() == (100, 100)


def test_the_same_upload_gives_the_same_photo_and_a_photo_shows_no_bytes_in_print() -> None:
    data = saved(picture(), "JPEG")
    assert inspect(data) == inspect(data)
    assert "data=" not in repr(inspect(data))
