"""Tokens in a row -> whole words: what a line's end or a misread hyphen has broken is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

BREAK = "¬"  # at the end of a word that goes on in the next one
_BREAKS = ("¬", "=")  # "=" is how Fraktur's hyphen is read


def whole_words(
    tokens: Sequence[str], is_known: Callable[[str], bool]
) -> Iterator[tuple[str, int]]:
    """Each whole word with the number of tokens that it is made of.

    Args:
        tokens: words and signs; "Kex=", "holm" and "Pe", "-", "tersburg" are one word each.
        is_known: whether a word in small letters is one; with a hyphen between them, two known
            words stay two.
    """
    place = 0
    while place < len(tokens):
        count = _length(tokens[place : place + 3], is_known)
        parts = [token.rstrip("¬=") or token for token in tokens[place : place + count]]
        yield "".join(part for part in parts if count < 3 or part != "-"), count
        place += count


def _length(tokens: Sequence[str], is_known: Callable[[str], bool]) -> int:
    """How many of at most three tokens are one word."""
    first = tokens[0]
    if len(tokens) > 1 and len(first) > 1 and first.endswith(_BREAKS):
        return 2 if first.endswith(BREAK) or tokens[1][:1].islower() else 1
    if len(tokens) < 3 or tokens[1] != "-" or not first.isalpha():
        return 1
    last = tokens[2]
    goes_on = last.isalpha() and last.islower()
    return 3 if goes_on and not (is_known(first.lower()) and is_known(last)) else 1
