"""A PDF in the making -> what in it no PDF/A may have (ISO 19005, level B).

What Inkfolio makes itself keeps the rules by construction; these are for what comes in with
pictures and with pages of input PDFs. They look at the objects, not into font programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from pypdf import PageObject, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
)

Part = Literal[1, 2, 3]

FORBIDDEN_ACTIONS = frozenset(
    f"/{name}"
    for name in (
        *("Launch", "Sound", "Movie", "ResetForm", "ImportData", "JavaScript", "Hide"),
        *("SetOCGState", "Rendition", "Trans", "GoTo3DView"),
    )
)
FORBIDDEN_ANNOTATIONS = frozenset(("/Sound", "/Movie", "/Screen", "/3D"))
FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
SHOWING = frozenset(("Tj", "TJ", "'", '"'))
INVISIBLE = 3  # text rendering mode
YES = BooleanObject(True)
# What pypdf and we raise on objects of other kinds than a PDF should have in their place.
NONSENSE = (PyPdfError, ValueError, LookupError, AttributeError, TypeError)
PRINT, SEEN_FLAGS = 4, 1 | 2 | 32  # annotations must print, and not be invisible or hidden
_OPERATORS = """
    b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l
    m M MP n q Q re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y
    ' "
"""
OPERATORS = frozenset((*_OPERATORS.split(), "INLINE IMAGE"))


def violations(writer: PdfWriter, part: Part) -> list[str]:
    """Reasons, each once, why the document as it stands is not PDF/A of this part; best none."""
    found: list[str] = []
    for held in _all_objects(writer):
        try:
            found.extend(reason for rule in _RULES for reason in rule(held, part))
        except NONSENSE as error:
            found.append(f"an object that makes no sense ({error})")
    return list(dict.fromkeys(found))


def content_violations(page: PageObject, part: Part) -> list[str]:
    """Reasons that lie in what a page draws; look before anything is put on it."""
    contents = page.get_contents()
    if contents is None:
        return []
    return list(
        dict.fromkeys(
            _drawing_violations(contents, _entry(page, "/Resources", DictionaryObject()), part)
        )
    )


def _drawing_violations(
    contents: StreamObject, resources: DictionaryObject, part: Part
) -> Iterator[str]:
    try:
        stream = ContentStream(contents, None)
        operations = [(name.decode("latin-1"), values) for values, name in stream.operations]
        fonts = _entry(resources, "/Font", {})
        used = [_entry(fonts, name, DictionaryObject()) for name in _fonts_shown(operations, part)]
        yield from _operator_violations({name for name, _ in operations})
        for font in used:
            yield from _font_violations(font)
    except NONSENSE as error:
        yield f"contents that cannot be read ({error})"


def _operator_violations(operators: set[str]) -> Iterator[str]:
    if operators & {"k", "K"}:
        yield "CMYK colours without a profile"
    for operator in sorted(operators - OPERATORS):
        yield f"the unknown operator {operator}"


def _fonts_shown(operations: Iterable[tuple[str, Any]], part: Part) -> set[str]:
    """Names of the fonts that text is shown in; invisible text counts in part 1 only."""
    shown: set[str] = set()
    font, mode = "", 0
    saved: list[tuple[str, int]] = []
    for operator, values in operations:
        if operator == "q":
            saved.append((font, mode))
        elif operator == "Q" and saved:
            font, mode = saved.pop()
        elif operator == "Tf" and values:
            font = str(values[0])
        elif operator == "Tr" and values:
            mode = int(values[0])
        elif operator in SHOWING and (part == 1 or mode != INVISIBLE):
            shown.add(font)
    return shown


def _font_violations(font: DictionaryObject) -> Iterator[str]:
    if _entry(font, "/Subtype") == "/Type3":
        return
    inner = _entry(font, "/DescendantFonts", [font])[0].get_object()
    descriptor = _entry(inner, "/FontDescriptor", {})
    if not any(name in descriptor for name in FONT_FILES):
        name = str(_entry(font, "/BaseFont", "/without a name"))
        yield f"the font {name[1:]} not embedded"


def _all_objects(writer: PdfWriter) -> Iterator[PdfObject]:
    """Every dictionary and array that can be reached from the catalog, once."""
    waiting: list[object] = [writer.root_object]
    seen: set[int] = set()
    while waiting:
        held = waiting.pop()
        if isinstance(held, IndirectObject):
            if held.idnum in seen:
                continue
            seen.add(held.idnum)
            held = held.get_object()
        if isinstance(held, DictionaryObject):
            yield held
            waiting.extend(held.values())
        elif isinstance(held, ArrayObject):
            yield held
            waiting.extend(held)


def _entry(held: DictionaryObject, name: str, otherwise: Any = None) -> Any:
    """An entry itself, not a reference to it."""
    return held[name] if name in held else otherwise  # noqa: SIM401 - get() gives references


def _actions(held: PdfObject, part: Part) -> Iterator[str]:
    if not isinstance(held, DictionaryObject):
        return
    if "/AA" in held:
        yield "actions on events"
    kind = _entry(held, "/S")
    if _entry(held, "/Type", "/Action") == "/Action" and kind in FORBIDDEN_ACTIONS:
        yield f"the action {str(kind)[1:]}"
    if "/XFA" in held or _entry(held, "/NeedAppearances") == YES:
        yield "a form that draws itself"


def _annotations(held: PdfObject, part: Part) -> Iterator[str]:
    if not isinstance(held, DictionaryObject) or _entry(held, "/Type") != "/Annot":
        return
    kind = str(_entry(held, "/Subtype"))
    flags = int(_entry(held, "/F", 0))
    if kind in FORBIDDEN_ANNOTATIONS or (kind == "/FileAttachment" and part < 3):
        yield f"an annotation of the kind {kind[1:]}"
    if kind != "/Popup" and (not flags & PRINT or flags & SEEN_FLAGS):
        yield "an annotation that does not print"
    if kind not in ("/Popup", "/Link") and "/AP" not in held:
        yield "an annotation that has no appearance"


def _streams(held: PdfObject, part: Part) -> Iterator[str]:
    if not isinstance(held, StreamObject):
        return
    if "/F" in held or "/FFilter" in held:
        yield "a stream in another file"
    filters = _entry(held, "/Filter", ArrayObject())
    names = filters if isinstance(filters, ArrayObject) else [filters]
    if "/LZWDecode" in names or "/Crypt" in names:
        yield "LZW or encrypted streams"
    if "/JPXDecode" in names and part == 1:
        yield "JPEG 2000"


def _images(held: PdfObject, part: Part) -> Iterator[str]:
    if not isinstance(held, DictionaryObject) or _entry(held, "/Subtype") not in (
        "/Image",
        "/Form",
    ):
        return
    if _entry(held, "/Interpolate") == YES:
        yield "a picture that asks to be smoothed"
    if any(name in held for name in ("/Alternates", "/OPI", "/PS", "/Ref")):
        yield "a picture with alternatives elsewhere"
    if _entry(held, "/Subtype2") == "/PS":
        yield "PostScript"
    if part == 1 and _entry(held, "/BitsPerComponent") == 16:
        yield "16 bits a channel"


def _forms(held: PdfObject, part: Part) -> Iterator[str]:
    if isinstance(held, StreamObject) and _entry(held, "/Subtype") == "/Form":
        yield from _drawing_violations(held, _entry(held, "/Resources", DictionaryObject()), part)


def _transparency(held: PdfObject, part: Part) -> Iterator[str]:
    if part > 1 or not isinstance(held, DictionaryObject):
        return
    faint = any(_entry(held, name, 1) != 1 for name in ("/CA", "/ca"))
    masked = _entry(held, "/SMask", "/None") != "/None"
    if faint or masked or _entry(held, "/S") == "/Transparency":
        yield "transparency"


def _graphics(held: PdfObject, part: Part) -> Iterator[str]:
    if not isinstance(held, DictionaryObject):
        return
    is_state = _entry(held, "/Type") == "/ExtGState"
    if is_state and ("/TR" in held or _entry(held, "/TR2", "/Default") != "/Default"):
        yield "transfer functions"
    if _entry(held, "/Subtype") == "/PS":
        yield "PostScript"
    if "/EF" in held and part < 3:
        yield "attached files"


def _colors(held: PdfObject, part: Part) -> Iterator[str]:
    if isinstance(held, DictionaryObject):
        named = [value for key, value in held.items() if key != "/Alternate"]
    else:
        named = list(held) if isinstance(held, ArrayObject) else []
        yield from _profiles(named, part)
    if "/DeviceCMYK" in [value for value in named if isinstance(value, str)]:
        yield "CMYK colours without a profile"


def _profiles(named: list[PdfObject], part: Part) -> Iterator[str]:
    if len(named) != 2 or str(named[0]) != "/ICCBased":
        return
    profile = named[1].get_object()
    data = profile.get_data() if isinstance(profile, StreamObject) else b""
    spaces = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
    if len(data) < 128 or spaces.get(int(profile["/N"])) != data[16:20]:  # type: ignore[index]
        yield "a colour profile that does not fit"
    elif data[8] > (2 if part == 1 else 4):
        yield f"a colour profile of version {data[8]}"


_RULES: tuple[Callable[[PdfObject, Part], Iterator[str]], ...] = (
    _actions,
    _annotations,
    _streams,
    _images,
    _forms,
    _transparency,
    _graphics,
    _colors,
)
