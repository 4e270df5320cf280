r"""Texts that match a regular expression, by number: `[A-Z]{2}\d` -> `AA0`, `AA1` ...

For the expressions that API documents hold: literals, classes, groups, alternatives and counted repeats. What is
unbounded is repeated as few times as the text's least length asks for.
"""

from __future__ import annotations

import re
from re import _constants as codes  # type: ignore[attr-defined]  # no public way to a parsed expression
from re import _parser as parser  # type: ignore[attr-defined]  # as above
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = ascii_uppercase + digits + ascii_lowercase
_PRINTED = _WORD + " -_.,:;/#@!?+*=()[]{}<>&%$'\"|~^\\`"
_CLASSES = {
    codes.CATEGORY_DIGIT: digits,
    codes.CATEGORY_WORD: _WORD + "_",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_DIGIT: ascii_uppercase + ascii_lowercase,
    codes.CATEGORY_NOT_WORD: "-",
    codes.CATEGORY_NOT_SPACE: _WORD,
}
_MOST_REPEATS = 64


class UnknownPatternError(Exception):
    """The expression uses what this file does not know."""


class Pattern:
    """The texts of one valid expression. `extra`: how often more than needed an unbounded part is repeated.

    `stretches`: whether a text made so far would be longer with more of it.
    """

    def __init__(self, expression: str, extra: int = 0) -> None:
        self._parts = parser.parse(expression)
        self._extra = extra
        self.stretches = False

    def text(self, number: int) -> str:
        """Return text `number`; numbers are read as digits of mixed base, the last part changes first."""
        self._left = number
        return "".join(reversed([piece for part in reversed(list(self._parts)) for piece in self._pieces(part)]))

    def _pieces(self, part: tuple[Any, Any]) -> list[str]:
        """Return the pieces of one part, the last one first."""
        code, about = part
        known: dict[Any, Callable[[Any], list[str]]] = {
            codes.LITERAL: lambda letter: [chr(letter)],
            codes.NOT_LITERAL: lambda letter: [self._one(_PRINTED.replace(chr(letter), ""))],
            codes.ANY: lambda _: [self._one(_WORD)],
            codes.IN: lambda members: [self._one(_letters(members))],
            codes.AT: lambda _: [],
            codes.BRANCH: self._branch,
            codes.SUBPATTERN: lambda group: self._sequence(group[-1]),
            codes.MAX_REPEAT: self._repeat,
            codes.MIN_REPEAT: self._repeat,
            codes.ASSERT_NOT: lambda _: [],
            codes.ASSERT: lambda _: [],
        }
        if code not in known:
            raise UnknownPatternError(f"{code} in a pattern")
        return known[code](about)

    def _sequence(self, parts: Sequence[Any]) -> list[str]:
        return [piece for part in reversed(list(parts)) for piece in self._pieces(part)]

    def _branch(self, about: Any) -> list[str]:
        _, branches = about
        self._left, choice = divmod(self._left, len(branches))
        return self._sequence(branches[choice])

    def _repeat(self, about: Any) -> list[str]:
        least, most, parts = about
        times = min(least + self._extra, int(most), _MOST_REPEATS)
        self.stretches |= least + self._extra < min(int(most), _MOST_REPEATS)
        return [piece for _ in range(times) for piece in self._sequence(parts)]

    def _one(self, letters: str) -> str:
        if not letters:
            raise UnknownPatternError("a class of a pattern has no printable letter")
        self._left, choice = divmod(self._left, len(letters))
        return letters[choice]


def matching(expression: str, shortest: int, longest: int, count: int) -> tuple[str, ...]:
    """Return up to `count` different texts that the expression finds a match in, without blanks at their edges.

    Raises: UnknownPatternError: the expression uses what is not known, or no such text was found.
    """
    try:
        test = re.compile(expression)
    except re.error as error:
        raise UnknownPatternError(str(error)) from error
    found: dict[str, None] = {}
    for extra in range(max(shortest, 8) + 1):
        pattern = Pattern(expression, extra)
        for number in range(count * 4):
            text = pattern.text(number)
            if text == text.strip() and text and shortest <= len(text) <= longest and test.search(text):
                found[text] = None
            if len(found) >= count:
                return tuple(found)
        if not pattern.stretches:
            break
    if not found:
        raise UnknownPatternError(f"no text found for {expression}")
    return tuple(found)


def _letters(members: Any) -> str:
    """Return the printable letters of a class."""
    listed: list[str] = []
    negated = False
    for code, about in members:
        if code == codes.NEGATE:
            negated = True
        elif code == codes.LITERAL:
            listed.append(chr(about))
        elif code == codes.RANGE:
            listed += [chr(letter) for letter in range(about[0], min(about[1], about[0] + 300) + 1)]
        elif code == codes.CATEGORY:
            listed += _CLASSES.get(about, "")
    if negated:
        return "".join(letter for letter in _PRINTED if letter not in listed)
    visible = [letter for letter in dict.fromkeys(listed) if letter.isprintable()]
    return "".join(visible)
