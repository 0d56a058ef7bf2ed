"""Transcriptions' files to words, line breaks and page marks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_BREAK

from pipeline.errors import InputError
from pipeline.transcript import Transcript, find_transcripts, read_transcript, together


def read(folder: Path, name: str, text: str | bytes) -> Transcript:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_transcript(path)


def lines_of(found: Transcript) -> list[str]:
    starts = sorted(found.lines)
    ends = [*starts[1:], len(found.words)]
    return [" ".join(found.words[a:b]) for a, b in zip(starts, ends, strict=True)]


def test_text_keeps_its_lines_and_page_marks(tmp_path: Path) -> None:
    found = read(tmp_path, "t.txt", "Ma chère\nmère,\n\fje vous\n\fécris\n\f")
    assert lines_of(found) == ["Ma chère", "mère,", "je vous", "écris"]
    assert found.pages == (0, 3, 5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_any_unicode_is_read_in_nfc(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "t.txt", "me\u0300re".encode(encoding)).words == ("m\u00e8re",)


def test_text_of_an_old_code_page_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.txt.*UTF-8"):
        read(tmp_path, "t.txt", "chère".encode("latin-1"))


def test_a_text_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no word"):
        read(tmp_path, "t.txt", " \n\f ")


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"save it as \.txt"):
        read(tmp_path, "t.odt", "text")


def test_a_word_document_keeps_paragraphs_and_page_breaks(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Ma chère")
    paragraph.add_run().add_break()
    paragraph.add_run("mère,").add_break(WD_BREAK.PAGE)
    document.add_paragraph("je vous écris")
    document.save(str(tmp_path / "t.docx"))
    found = read_transcript(tmp_path / "t.docx")
    assert lines_of(found) == ["Ma chère", "mère,", "je vous écris"]
    assert found.pages == (0, 3)


def test_what_is_no_word_document_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.docx", "w") as archive:
        archive.writestr("other.xml", "<a/>")
    with pytest.raises(InputError, match="no Word document"):
        read_transcript(tmp_path / "t.docx")


TEI = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader>about</teiHeader><text><body>
<pb n="1"/><head>A letter</head><p>My <hi>dear</hi><lb/>moth<lb break="no"/>er,
<choice><sic>recieved</sic><corr>received</corr></choice> <del>not</del></p>
<pb n="2"/><p>The end</p></body></text></TEI>"""


def test_tei_keeps_breaks_and_what_is_on_the_paper(tmp_path: Path) -> None:
    found = read(tmp_path, "t.xml", TEI)
    assert lines_of(found) == ["A letter", "My dear", "mother, recieved", "The end"]
    assert found.pages == (0, 6)


@pytest.mark.parametrize("text", ["<a", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_hostile_or_broken_xml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"t\.xml"):
        read(tmp_path, "t.xml", text)


def test_pages_texts_together_have_page_marks(tmp_path: Path) -> None:
    one = read(tmp_path, "a.txt", "one two\nthree")
    both = together([one, Transcript("", (), frozenset(), (0,)), one], "all")
    assert both.words == ("one", "two", "three") * 2
    assert both.pages == (0, 3, 3)
    assert both.lines == {0, 2, 3, 5}


def test_transcripts_are_found_by_name(tmp_path: Path) -> None:
    for name in ("p1.txt", "p10.txt", "p1.jpg"):
        (tmp_path / name).write_text("x")
    assert find_transcripts(tmp_path, "p1") == [tmp_path / "p1.txt"]
