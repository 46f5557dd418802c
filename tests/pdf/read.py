"""Looks at a PDF as a person does, and tells what it sees as JSON: `read.py FILE.pdf`.

Letters are taken from where they stand on the page, not from the order in which the file has them: a line is what
stands at one height. `ltr` is read from left to right, `rtl` from right to left, both without blanks. What is not
drawn (joiners, marks of direction) is left out.
"""
import json
import sys

import pypdfium2
import zxingcpp

document = pypdfium2.PdfDocument(sys.argv[1])


def lines(page):
    text = page.get_textpage()
    letters = []
    for index in range(text.count_chars()):
        letter = text.get_text_range(index, 1)
        left, bottom, right, top = text.get_charbox(index, loose=True)
        if letter.strip("\u200b\u200c\u200d\u2066\u2067\u2068\u2069 \r\n\t\x00") and right > left:
            letters.append(((bottom + top) / 2, (left + right) / 2, letter))
    letters.sort(key=lambda one: -one[0])
    found, line = [], []
    for one in letters:
        if line and line[-1][0] - one[0] > 2:
            found.append(line)
            line = []
        line.append(one)
    found.append(line)
    for line in found:
        line.sort(key=lambda one: one[1])
        yield {
            "ltr": "".join(one[2] for one in line),
            "rtl": "".join(one[2] for one in reversed(line)),
        }


def codes(page):
    picture = page.render(scale=3).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(picture)]


if len(sys.argv) > 2:
    # For who wants to see it himself.
    for index, page in enumerate(document):
        page.render(scale=1.6).to_pil().save(f"{sys.argv[2]}-{index + 1}.png")

json.dump(
    {
        "meta": document.get_metadata_dict(),
        "pages": [{"lines": list(lines(page)), "codes": codes(page)} for page in document],
    },
    sys.stdout,
    ensure_ascii=False,
)
