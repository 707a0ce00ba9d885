"""Pack a PDF that Chromium has printed: the same objects, in compressed streams.

Chromium writes PDF 1.4, which compresses page contents, pictures and fonts and nothing else. The
tags of a book, which say what is a heading, a paragraph, a list, are 100,000 small objects more:
half of the file. From PDF 1.5 on, objects may stand together in a compressed stream, and so may the
table of where each is (ISO 32000-1, 7.5.7 and 7.5.8). Each object is moved as it is, byte for byte.
"""

from __future__ import annotations

import re
import zlib

IN_A_STREAM = 200  # objects: a viewer unpacks all of a stream to read one
Place = tuple[int, int, int]  # (1, offset, 0), or (2, number of the stream, index in it)
FREE = (0, 0, 65535)  # a number that no object has, such as 0


def pack(pdf: bytes) -> bytes:
    """Return the PDF with every object that is no stream itself in a compressed stream.

    The catalog and the document's information stay readable in the file. A PDF whose table of
    objects is not the plain one of PDF 1.4 is returned as it is.
    """
    start = int(pdf[pdf.rindex(b"startxref") :].split()[1])
    found = re.compile(rb"xref\s+0 \d+\s+").match(pdf, start)
    if found is None:
        return pdf
    lines, _, trailer = pdf[found.end() : pdf.rindex(b"startxref")].partition(b"trailer")
    if b"/Prev" in trailer or b"/Encrypt" in trailer:
        return pdf
    rows = [row.split() for row in lines.splitlines()]
    offsets = {number: int(row[0]) for number, row in enumerate(rows) if row[2] == b"n"}
    plain = {int(number) for number in re.findall(rb"/(?:Root|Info) (\d+) 0 R", trailer)}

    packed = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places: dict[int, Place] = {}
    small: list[tuple[int, bytes]] = []
    order = sorted(offsets, key=offsets.__getitem__)
    ends = [offsets[number] for number in order[1:]] + [start]
    for number, end in zip(order, ends, strict=True):
        whole = pdf[offsets[number] : end]
        body = whole[len(b"%d 0 obj" % number) : whole.rindex(b"endobj")].strip()
        if number in plain or body.endswith(b"endstream"):
            places[number] = (1, len(packed), 0)
            packed += whole
        else:
            small.append((number, body))

    last = len(rows)
    for first in range(0, len(small), IN_A_STREAM):
        group = small[first : first + IN_A_STREAM]
        places[last] = (1, len(packed), 0)
        places |= {number: (2, last, index) for index, (number, _) in enumerate(group)}
        packed += object_stream(last, group)
        last += 1
    places[last] = (1, len(packed), 0)
    return bytes(packed) + table(last, places, trailer)


def stream(number: int, dictionary: bytes, content: bytes) -> bytes:
    content = zlib.compress(content, 9)
    return b"%d 0 obj\n<<%b\n/Filter /FlateDecode\n/Length %d>> stream\n%b\nendstream\nendobj\n" % (
        number, dictionary, len(content), content,
    )  # fmt: skip


def object_stream(number: int, objects: list[tuple[int, bytes]]) -> bytes:
    """Write a stream of objects: their numbers and where each begins, then the objects."""
    index, bodies = [], bytearray()
    for inner, body in objects:
        index.append(b"%d %d" % (inner, len(bodies)))
        bodies += body + b"\n"
    head = b" ".join(index) + b"\n"
    about = b"/Type /ObjStm\n/N %d\n/First %d" % (len(objects), len(head))
    return stream(number, about, head + bodies)


def table(number: int, places: dict[int, Place], trailer: bytes) -> bytes:
    """Write the stream that says where each object is; its own place is the last."""
    above, rows = bytes(7), bytearray()
    for i in range(number + 1):
        kind, where, index = places.get(i, FREE)
        row = bytes([kind]) + where.to_bytes(4, "big") + index.to_bytes(2, "big")
        # Each byte less the one above it (the predictor Up): neighbours are alike.
        rows += b"\2" + bytes((a - b) % 256 for a, b in zip(row, above, strict=True))
        above = row
    about = re.sub(rb"/Size \d+", b"/Size %d" % (number + 1), trailer.strip()[2:-2])
    about += b"\n/Type /XRef\n/W [1 4 2]\n/DecodeParms <</Predictor 12 /Columns 7>>"
    return stream(number, about, bytes(rows)) + b"startxref\n%d\n%%%%EOF\n" % places[number][1]
