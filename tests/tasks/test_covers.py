"""What is taken for a cover, and what never is."""

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from PIL import Image
from pytest_django import Settings

from tasks import covers, googlebooks, openlibrary
from tasks.outside import NotFound, Outside, Unreachable

from ..catalogue import Catalogue, picture, status


def stored(name: str) -> Image.Image:
    with default_storage.open(f"covers/{name}.webp") as file:
        return Image.open(io.BytesIO(file.read()))


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def with_exif(exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 600)).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_becomes_two_sizes_of_webp(kind: str) -> None:
    cover = covers.store(covers.decode(picture(1000, 1500, kind=kind)))
    small, large = stored(cover.small), stored(cover.large)
    assert (small.format, small.size) == ("WEBP", (240, 360))
    assert (large.format, large.size) == ("WEBP", (480, 720)) == ("WEBP", (cover.width, cover.height))


def test_a_small_picture_is_not_blown_up() -> None:
    cover = covers.store(covers.decode(picture(100, 150)))
    assert (cover.width, cover.height) == (100, 150)
    assert cover.small == cover.large


def test_the_same_picture_has_the_same_name_and_another_one_another() -> None:
    one, same, other = (covers.store(covers.decode(picture(colour=c))) for c in ("red", "red", "blue"))
    assert one == same
    assert one.large != other.large


def test_a_file_that_was_cut_short_by_a_crash_is_written_anew() -> None:
    cover = covers.store(covers.decode(picture(colour="green")))
    with open(default_storage.path(f"covers/{cover.large}.webp"), "r+b") as file:
        file.truncate(10)
    covers.store(covers.decode(picture(colour="green")))
    assert stored(cover.large).size == (400, 600)


def test_a_picture_is_stored_the_way_its_camera_held_it() -> None:
    buffer = io.BytesIO()
    image = Image.new("RGB", (600, 400))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    image.save(buffer, "JPEG", exif=exif)
    assert covers.decode(buffer.getvalue()).size == (400, 600)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no cover</html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        picture()[:-200],
        picture()[:20],
        picture(1, 1, kind="GIF"),
        picture(39, 600),
        picture(41, 8001, kind="PNG"),
        with_exif(b"Exif\x00\x00junk"),
        picture(kind="BMP"),
        picture(kind="TIFF"),
        bomb(5000),
        bomb(60_000),
        bomb(2**31 - 1),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_cover_is_not_found(data: bytes) -> None:
    with pytest.raises(NotFound):
        covers.decode(data)


def fetched(cover_id: int) -> covers.Cover:
    with Outside() as outside:
        return covers.fetch(outside, openlibrary.cover_url(cover_id))


def test_it_is_asked_for_by_number_and_never_as_a_stand_in(catalogue: Catalogue) -> None:
    catalogue.add("9780980200447", cover=picture())
    assert fetched(5_546_156).width == 400
    assert catalogue.asked == ["/b/id/5546156-L.jpg?default=false"]


def test_no_cover_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        fetched(1)


def test_the_stand_in_for_no_cover_is_not_one(catalogue: Catalogue) -> None:
    with Outside() as outside, pytest.raises(NotFound, match="1 by 1"):
        covers.fetch(outside, f"{catalogue.url}/b/id/1-L.jpg")


def test_a_cover_may_be_kept_at_another_of_the_hosts(catalogue: Catalogue, settings: Settings) -> None:
    with Catalogue() as front:
        front.answer("/b/id/", status(302, Location=f"{catalogue.url}/b/id/5546156-L.jpg"))
        settings.COVERS_URL = front.url
        settings.EXPLICIT_CATALOGUES = [front.url, catalogue.url]
        catalogue.add("9780980200447", cover=picture())
        assert fetched(5_546_156).width == 400


def test_a_cover_is_not_followed_to_a_stranger(catalogue: Catalogue) -> None:
    with Catalogue() as stranger:
        catalogue.answer("/b/id/", status(302, Location=f"{stranger.url}/b/id/5546156-L.jpg"))
        with pytest.raises(Unreachable, match="not at a catalogue's host"):
            fetched(5_546_156)
        assert stranger.asked == []


def test_google_s_is_asked_for_by_its_volume(google: Catalogue) -> None:
    google.add_volume("Slow reading", "John Miedema", cover=picture())
    with Outside() as outside:
        assert covers.fetch(outside, googlebooks.cover_url("3Vi2uQAAC0_-")).width == 400
    assert google.asked == ["/books/content?id=3Vi2uQAAC0_-&printsec=frontcover&img=1&zoom=1"]
