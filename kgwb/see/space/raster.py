"""Very many points as one small image, where one shape each would be too much for a page."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from kgwb.axes import Float

SCALE = 2  # pixels of the image for each of the picture's


def draw_dots(
    points: Float[np.ndarray, "point 2"], colours: Sequence[str], faint: np.ndarray, size: tuple[float, float]
) -> str:
    """Round dots on nothing, as the address of a PNG that holds itself.

    Args:
        points: in pixels of the picture.
        colours: of each point, "#rrggbb".
        faint: whether a point is drawn at a third of its strength.
        size: of the picture, in pixels.
    """
    width, height = (int(np.ceil(side * SCALE)) for side in size)
    image = np.zeros((height, width, 4), np.uint8)
    names, kinds = np.unique(np.array(colours), return_inverse=True)
    table = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names], np.uint8).reshape(-1, 3)
    shades = np.concatenate([table[kinds], np.where(faint, 85, 235)[:, None].astype(np.uint8)], axis=1)
    at = np.rint(points * SCALE).astype(int)  # [point, 2]
    reach = 1 if len(points) > 200_000 else 2
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            if across**2 + down**2 > reach**2 + 0.5:
                continue
            x, y = at[:, 0] + across, at[:, 1] + down
            inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
            image[y[inside], x[inside]] = shades[inside]
    return "data:image/png;base64," + base64.b64encode(write_png(image)).decode("ascii")


def write_png(image: np.ndarray) -> bytes:
    """An image [row, column, 4] as PNG.

    >>> write_png(np.zeros((2, 2, 4), np.uint8))[1:4]
    b'PNG'
    """
    height, width, _ = image.shape
    rows = np.zeros((height, 1 + width * 4), np.uint8)  # each row begins with the number of its filter: none
    rows[:, 1:] = image.reshape(height, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
