"""Cover pictures: distrusted, made into two sizes of WebP and stored under names made of their content."""

import hashlib
import io
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image, ImageOps, UnidentifiedImageError

from .models import LARGE_COVER, SMALL_COVER

MOST_BYTES = 5_000_000
MOST_PIXELS = 12_000_000  # decoded and made smaller they take 200 MB at most
LONGEST_SIDE = 8_000  # pixels; WebP itself ends at 16,383
SMALLEST_SIDE = 40  # pixels; less is a stand-in for "no cover"
NOT_NAMED_YET = timedelta(hours=1)  # far longer than from storing a picture to the row that names it
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# A JPEG may repeat its passes over the whole picture, of a few bytes each, without end. Honest ones have ten or so.
START_OF_PASS = b"\xff\xda"
MOST_PASSES = 100


class NotACover(Exception):
    """Says in words why the bytes are no picture that can be a cover."""


@dataclass(frozen=True)
class Cover:
    """Names in the storage, and the size in pixels of the large one."""

    small: str
    large: str
    width: int
    height: int


def decode(data: bytes) -> Image.Image:
    """A picture that can be a cover. Raises NotACover."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stranger's mistakes are not for our logs
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS or max(image.size) > LONGEST_SIDE:
                raise NotACover(f"a picture of {image.width} by {image.height}")
            if image.format in ("JPEG", "MPO") and data.count(START_OF_PASS) > MOST_PASSES:
                raise NotACover("a picture of too many passes")
            image.load()
            image.getexif()  # kept, and all else that the file holds is dropped: turning would write it anew, and fail
            image.info.clear()
            # Without the copies that each of the two would make of a picture that is right as it is.
            ImageOps.exif_transpose(image, in_place=True)
            image = image if image.mode == "RGB" else image.convert("RGB")
    except UnidentifiedImageError:
        raise NotACover("not a picture") from None
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        # What Pillow's decoders raise for truncated and malformed data.
        raise NotACover(f"a broken picture: {error}") from None
    if min(image.size) < SMALLEST_SIDE:
        raise NotACover(f"a picture of {image.width} by {image.height}")
    return image


def store(image: Image.Image) -> Cover:
    large = _resized(image, LARGE_COVER)
    return Cover(_save(_resized(image, SMALL_COVER)), _save(large), large.width, large.height)


def _resized(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    return image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)


def _save(image: Image.Image) -> str:
    """Store as WebP; the same picture has the same name, so storing it twice is storing it once."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=4)
    data = buffer.getvalue()
    name = hashlib.sha256(data).hexdigest()[:40]
    path = f"covers/{name}.webp"
    # A process that was killed while writing leaves a part, which has the name but not the size.
    if default_storage.exists(path) and default_storage.size(path) == len(data):
        touch(path, data)  # wanted again: see throw_away()
    else:
        default_storage.save(path, ContentFile(data))
    return name


def touch(path: str, data: bytes) -> None:
    try:
        os.utime(default_storage.path(path))
    except NotImplementedError:  # where there are no files a whole object takes the place of the other
        default_storage.save(path, ContentFile(data))


def throw_away(names: Iterable[str]) -> int:
    """Delete the pictures that no row names; gives how many. One that was stored in the last hour stays, for

    1. this finds no row with its name,
    2. a worker fetches it once more, and finds it stored,
    3. it would be gone when that worker writes its name into a row.
    """
    paths = [path for path in (f"covers/{name}.webp" for name in names) if default_storage.exists(path)]
    since = timezone.now() - NOT_NAMED_YET
    old = [path for path in paths if default_storage.get_modified_time(path) < since]
    for path in old:
        default_storage.delete(path)
    return len(old)
