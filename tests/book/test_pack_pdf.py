"""Packing a PDF moves its objects into compressed streams and changes none of them."""

import re
import sys
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
try:
    import pack_pdf
finally:
    sys.path.remove(str(ROOT / "tools"))

OBJECTS = {
    1: b"<</Title (A \\) endobj)>>",
    2: b"<</Length 4>> stream\n\x00\xff\n\r\nendstream",
    4: b"<</Type /Page\n/Contents 2 0 R>>",
    5: b"[4 0 R 6 0 R]",
    6: b"(endstream)",
    7: b"<</Type /Catalog\n/Pages 5 0 R>>",
}


def plain_pdf():
    """A file as Chromium writes it; number 3 is free, and objects stand in another order."""
    pdf, offsets = b"%PDF-1.4\n%\xd3\xeb\xe9\xe1\n", {}
    for number in (1, 6, 2, 7, 5, 4):
        offsets[number] = len(pdf)
        pdf += b"%d 0 obj\n%b\nendobj\n" % (number, OBJECTS[number])
    start = len(pdf)
    pdf += b"xref\n0 8\n0000000000 65535 f \n"
    for number in range(1, 8):
        used = number in offsets
        pdf += b"%010d %05d %b \n" % (offsets.get(number, 0), 0, b"n" if used else b"f")
    return pdf + b"trailer\n<</Size 8\n/Root 7 0 R\n/Info 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start


def unpacked(pdf, offset):
    """The dictionary and the decompressed content of the stream at that offset."""
    head, rest = pdf[offset:].split(b">> stream\n", 1)
    return head, zlib.decompress(rest[: int(re.search(rb"/Length (\d+)", head)[1])])


def read(pdf):
    """All objects, found by the table at the end as a viewer does."""
    head, content = unpacked(pdf, int(pdf.split()[-2]))
    above, rows = bytes(7), []
    for i in range(0, len(content), 8):
        assert content[i] == 2
        above = bytes((a + b) % 256 for a, b in zip(content[i + 1 : i + 8], above, strict=True))
        rows.append((above[0], int.from_bytes(above[1:5], "big"), int.from_bytes(above[5:], "big")))
    assert int(re.search(rb"/Size (\d+)", head)[1]) == len(rows)
    objects = {}
    for number, (kind, where, index) in enumerate(rows):
        if kind == 1:
            begin = b"%d 0 obj\n" % number
            assert pdf.startswith(begin, where)
            following = min([at for k, at, _ in rows if k == 1 and at > where], default=len(pdf))
            whole = pdf[where + len(begin) : following]
            objects[number] = whole[: whole.rindex(b"\nendobj")]
        elif kind == 2:
            head_of, inner = unpacked(pdf, rows[where][1])
            first = int(re.search(rb"/First (\d+)", head_of)[1])
            index_of = [int(n) for n in inner[:first].split()]
            assert index_of[2 * index] == number
            ends = [*index_of[3::2], len(inner) - first]
            objects[number] = inner[first + index_of[2 * index + 1] : first + ends[index]].strip()
    return head, objects


@pytest.mark.parametrize("in_a_stream", [1, 2, 200])
def test_every_object_is_found_and_is_the_same(monkeypatch, in_a_stream):
    monkeypatch.setattr(pack_pdf, "IN_A_STREAM", in_a_stream)
    packed = pack_pdf.pack(plain_pdf())
    head, objects = read(packed)
    assert {number: objects[number] for number in OBJECTS} == OBJECTS
    assert 3 not in objects
    assert b"/Root 7 0 R\n/Info 1 0 R" in head
    assert packed.startswith(b"%PDF-1.5\n")
    assert b"/Type /Catalog" in packed  # this one stays readable
    assert b"/Type /Page\n" not in packed


def test_another_form_is_left_as_it_is():
    packed = pack_pdf.pack(plain_pdf())
    assert pack_pdf.pack(packed) == packed
    updated = plain_pdf().replace(b"/Size 8", b"/Size 8\n/Prev 20")
    assert pack_pdf.pack(updated) == updated
