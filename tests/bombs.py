"""Pictures that are made to harm whoever opens them, and honest ones of rare kinds."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

ORIENTATION, TURNED = 0x0112, 6


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *extra: bytes, bits: int = 1) -> bytes:
    """A black PNG, which takes hardly any bytes; `extra`: chunks in front of its pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    row = b"\0" + bytes((width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    chunks = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def empty_png(side: int) -> bytes:
    """One that claims to be huge and has no pixels at all."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def text_bomb() -> bytes:
    return png(400, 600, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000), 9)))


def profile_bomb() -> bytes:
    return png(400, 600, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000), 9)))


def many_texts() -> bytes:
    return png(400, 600, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000), 9))] * 100)


def many_passes(number: int = 1000) -> bytes:
    """A progressive JPEG whose last pass over the picture comes again and again; each takes a decoder as long."""
    data = saved(Image.new("RGB", (3000, 4000), "#27424a"), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * number + data[end:]


def jpeg_of_sides(width: int, height: int) -> bytes:
    """A small JPEG that claims to have these sides."""
    data = saved(Image.new("RGB", (400, 600)), "JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def gif_of_sides(width: int, height: int) -> bytes:
    data = saved(Image.new("P", (400, 600)), "GIF")
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def exif_with(entry: bytes) -> bytes:
    """A turned picture, with one entry more in its EXIF: tag, type, count and value, 12 bytes."""
    turned = struct.pack(">HHIHH", ORIENTATION, 3, 1, TURNED, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + entry + turned + bytes(4)
    return saved(Image.new("RGB", (400, 600)), "JPEG", exif=exif)


def mean_exif() -> bytes:
    """It says its height in letters, which Pillow finds out in the midst of turning it."""
    return exif_with(struct.pack(">HHI4s", 0x0101, 2, 4, b"abc\0"))


def of_all_modes() -> dict[str, bytes]:
    """Pictures that are none of the harmful ones."""
    size = (400, 600)
    palette = Image.new("P", size)
    palette.putpalette(bytes(range(48)))
    frames = [Image.new("P", size, number % 256) for number in range(50)]
    pictures = {f"PNG {mode}": saved(Image.new(mode, size), "PNG") for mode in ("1", "L", "LA", "P", "RGBA", "I;16")}
    return pictures | {
        "PNG of 16 bits": png(*size, bits=16),
        "PNG with a clear colour": saved(palette, "PNG", transparency=b"\0\x80"),
        "GIF with a clear colour": saved(palette, "GIF", transparency=1),
        "CMYK": saved(Image.new("CMYK", size), "JPEG"),
        "grey JPEG": saved(Image.new("L", size), "JPEG"),
        "progressive JPEG": saved(Image.new("RGB", size), "JPEG", progressive=True),
        "clear WebP": saved(Image.new("RGBA", size), "WEBP"),
        "animated GIF": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated WebP": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "animated PNG": saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "several in one": saved(Image.new("RGB", size), "MPO", save_all=True, append_images=[Image.new("RGB", size)]),
    }
