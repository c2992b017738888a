"""What is taken for a cover, and what never is."""

import contextlib
import io

import pytest
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from posts.pictures import NotACover, decode, store

from .. import bombs
from ..catalogue import picture

HONEST = bombs.of_all_modes()
TURNED = bombs.exif_with(b"\x01\x0f\0\x02\0\0\0\x04abc\0")


def stored(name: str) -> Image.Image:
    with default_storage.open(f"covers/{name}.webp") as file:
        return Image.open(io.BytesIO(file.read()))


def with_exif(exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 600)).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_becomes_two_sizes_of_webp(kind: str) -> None:
    cover = store(decode(picture(1000, 1500, kind=kind)))
    small, large = stored(cover.small), stored(cover.large)
    assert (small.format, small.size) == ("WEBP", (240, 360))
    assert (large.format, large.size) == ("WEBP", (480, 720)) == ("WEBP", (cover.width, cover.height))


def test_a_small_picture_is_not_blown_up() -> None:
    cover = store(decode(picture(100, 150)))
    assert (cover.width, cover.height) == (100, 150)
    assert cover.small == cover.large


def test_the_same_picture_has_the_same_name_and_another_one_another() -> None:
    one, same, other = (store(decode(picture(colour=c))) for c in ("red", "red", "blue"))
    assert one == same
    assert one.large != other.large


def test_a_file_that_was_cut_short_by_a_crash_is_written_anew() -> None:
    cover = store(decode(picture(colour="green")))
    with open(default_storage.path(f"covers/{cover.large}.webp"), "r+b") as file:
        file.truncate(10)
    store(decode(picture(colour="green")))
    assert stored(cover.large).size == (400, 600)


def test_a_picture_is_stored_the_way_its_camera_held_it() -> None:
    buffer = io.BytesIO()
    image = Image.new("RGB", (600, 400))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    image.save(buffer, "JPEG", exif=exif)
    assert decode(buffer.getvalue()).size == (400, 600)


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
        bombs.empty_png(5000),
        bombs.empty_png(60_000),
        bombs.empty_png(2**31 - 1),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_cover_is_not_found(data: bytes) -> None:
    with pytest.raises(NotACover):
        decode(data)


def test_one_whose_exif_cannot_be_written_again_is_turned_all_the_same() -> None:
    assert decode(bombs.mean_exif()).size == (600, 400)


@pytest.mark.parametrize("kind", HONEST)
def test_an_honest_picture_of_a_rare_kind_is_a_cover(kind: str) -> None:
    cover = store(decode(HONEST[kind]))
    assert stored(cover.large).size == (400, 600)


def test_what_else_a_file_holds_is_not_passed_on() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 600)).save(
        buffer, "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0", icc_profile=b"x" * 99_999, xmp=b"<home/>"
    )
    cover = store(decode(buffer.getvalue()))
    assert default_storage.size(f"covers/{cover.large}.webp") < 9_999
    assert not {"exif", "icc_profile", "xmp"} & set(stored(cover.large).info)


@given(st.data())
def test_a_damaged_picture_is_a_picture_or_none(data: st.DataObject) -> None:
    picture = bytearray(data.draw(st.sampled_from([*HONEST.values(), TURNED])))
    within = data.draw(st.sampled_from([100, 1000, len(picture)]))
    for _ in range(data.draw(st.integers(1, 4))):
        place, new = data.draw(st.integers(0, min(within, len(picture)))), data.draw(st.binary(max_size=6))
        picture[place : place + data.draw(st.integers(0, 6))] = new
    with contextlib.suppress(NotACover):
        assert decode(bytes(picture)).mode == "RGB"
