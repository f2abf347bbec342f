"""Tells which tags belong to the technical part of a name, and which words only look like tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .tags import Tag
from .text import Text, Word
from .vocabulary import Strength

# Kinds that extend the technical part towards the title; words of other kinds may end a title.
_CHAINS = frozenset({
    "language", "french", "edition", "revision", "multi", "dual", "subs", "subs-of", "filler", "line", "hardsub",
    "zh-subs", "source", "resolution", "hdr", "audio",
})  # fmt: skip
# Behind one of these, a language is a noun of the title.
_ARTICLES = frozenset({
    "the", "a", "an", "le", "la", "les", "un", "une", "l", "der", "die", "das", "ein", "eine", "el", "los", "las",
    "il", "lo", "gli", "i", "of", "in", "my", "our", "your", "and", "et", "und", "y", "e", "à", "de",
})  # fmt: skip
_AT_THE_END = frozenset({"language", "french", "edition", "multi"})


class Region(NamedTuple):
    """Where the technical part begins, and the tags that belong to it."""

    start: int
    tags: tuple[Tag, ...]


def region(words: Sequence[Word], tags: Sequence[Tag], after: int, text: Text, *, sure: bool) -> Region:
    """The technical part behind a place: from the first strong tag, with the weak tags that touch it.

    `sure` says that a year stands before the place, so that no title goes on behind it.
    """
    behind = [tag for tag in tags if tag.start >= after]
    of_word = {index: tag for tag in behind for index in range(tag.first, tag.last + 1)}
    first = next((index for index, word in enumerate(words) if word.start >= after), len(words))
    tail = _Tail(words, of_word, text.plain, first)
    begin = first if sure else tail.chain_back()
    leading = set() if sure else tail.chain_forward()
    kept = tuple(
        tag
        for tag in behind
        if (tag.first >= begin or tag.first in leading or tail.opens_bracket(tag))
        and (tag.strength is not Strength.SHY or tail.between_tags(tag))
    )
    start = words[begin].start if begin < len(words) else text.end
    return Region(min([start, *(tag.start for tag in kept)]), kept)


@dataclass(frozen=True, slots=True)
class _Tail:
    """The words behind the title or the number: `first` is the index of the first of them."""

    words: Sequence[Word]
    of_word: Mapping[int, Tag]
    plain: str
    first: int

    def chain_back(self) -> int:
        """From the first strong tag, or the end, back over the tags that touch it."""
        strong = (index for index, tag in self.of_word.items() if tag.strength is Strength.STRONG)
        begin = min(strong, default=len(self.words))
        at_end = begin == len(self.words)
        while begin > self.first:
            if self._is_year(begin - 1) and begin - 2 >= self.first and begin - 2 in self.of_word:
                begin -= 1
            tag = self.of_word.get(begin - 1)
            if (
                tag is None
                or not self._may_chain(tag)
                or self._is_noun(tag)
                or (at_end and tag.kind not in _AT_THE_END)
            ):
                break
            begin = tag.first
        return max(begin, self.first)

    def chain_forward(self) -> set[int]:
        """Words right behind the number that are tags; a language before an episode title must shout."""
        run: list[Tag] = []
        index = self.first
        while tag := self.of_word.get(index):
            run.append(tag)
            index = tag.last + 1
        if not run:
            return set()
        return {tag.first for tag in run if self._closes(run[-1]) or tag.kind == "revision" or self._shouts(tag)}

    def opens_bracket(self, tag: Tag) -> bool:
        """Whether a tag stands at the start of a bracket, or behind nothing but tags there."""
        index = tag.first
        while True:
            before = self.plain[self.words[index - 1].end if index else 0 : self.words[index].start]
            if before.rstrip(" ")[-1:] in {"[", "(", "{"}:
                return True
            if index == 0 or (previous := self.of_word.get(index - 1)) is None:
                return False
            index = previous.first

    def between_tags(self, tag: Tag) -> bool:
        """Whether a word that may be any word has tags or edges on both sides; three capitals are enough."""
        if self._in_capitals(tag) and tag.end - tag.start > 2:
            return True
        before = tag.first <= self.first or tag.first - 1 in self.of_word or _is_edge(self._gap(tag.first - 1))
        last = tag.last + 1 >= len(self.words)
        after = last or tag.last + 1 in self.of_word or self.words[tag.last + 1].low.isdecimal()
        return before and (after or _is_edge(self._gap(tag.last)))

    def _closes(self, tag: Tag) -> bool:
        """Whether the run ends at a year, a bracket, a dash of its own, or the end of the name."""
        following = tag.last + 1
        return following >= len(self.words) or self._is_year(following) or bool(self._gap(tag.last).strip(" ._-"))

    def _shouts(self, tag: Tag) -> bool:
        return tag.kind in {"language", "french", "multi"} and self._in_capitals(tag)

    def _in_capitals(self, tag: Tag) -> bool:
        return self.plain[tag.start : tag.end].isupper()

    def _is_year(self, index: int) -> bool:
        low = self.words[index].low
        return len(low) == 4 and low.isdecimal() and low[:2] in {"19", "20"}

    def _may_chain(self, tag: Tag) -> bool:
        if tag.kind == "network":
            return self._in_capitals(tag) and tag.end - tag.start > 1
        if tag.strength is Strength.SHY:
            return tag.first == self.first or tag.first - 1 in self.of_word or self._in_capitals(tag)
        return tag.kind in _CHAINS or tag.strength is Strength.STRONG

    def _is_noun(self, tag: Tag) -> bool:
        if tag.first == 0 or self.words[tag.first - 1].low not in _ARTICLES:
            return False
        return self._gap(tag.first - 1) in {" ", ".", "_", "'"}

    def _gap(self, index: int) -> str:
        """What stands between a word and the next."""
        return self.plain[self.words[index].end : self.words[index + 1].start]


def _is_edge(gap: str) -> bool:
    return any(character in "[](){}/+&,|" for character in gap)
