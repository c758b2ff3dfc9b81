"""A photograph as a phone takes it: a JPEG with EXIF that says where and with what it was taken."""

import io
import random

from PIL import ExifTags, Image

_SIZE = (1600, 1200)


def photograph() -> bytes:
    """A JPEG of a shop front, of sorts, with a position, a device and a time in its EXIF."""
    picture = Image.effect_noise(_SIZE, 40).convert("RGB")
    colour = random.Random(7).choices(range(60, 200), k=3)  # noqa: S311  # a colour, no secret
    picture = Image.blend(picture, Image.new("RGB", _SIZE, tuple(colour)), 0.7)
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Jiaban"
    exif[ExifTags.Base.Model] = "Demo Phone"
    exif[ExifTags.Base.DateTime] = "2026:11:22 10:00:00"
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    position[ExifTags.GPS.GPSLatitudeRef] = "N"
    position[ExifTags.GPS.GPSLatitude] = (46.0, 48.0, 0.0)
    position[ExifTags.GPS.GPSLongitudeRef] = "E"
    position[ExifTags.GPS.GPSLongitude] = (130.0, 22.0, 0.0)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=85, exif=exif)
    return content.getvalue()
