"""Every sentence that a slide may say, and whether it is right. A sentence of no known form is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate, pairwise
from statistics import mean, median, pstdev

from tests.app.oracle.figures import MONTHS, span_months
from tests.app.oracle.reading import CHANGE, VALUE, is_right, moved, names, number, pairs, run_names
from tests.app.oracle.slide import Points, Slide, time_of

# Rows come with six decimals: figures that differ by less may be told as the same or not.
_NEAR = 3e-6
_GREW = "grew the most|fell the least|fell the most|grew the least|hardly changed"
Check = Callable[[Slide, re.Match[str]], None]
_CHECKS: list[tuple[re.Pattern[str], Check]] = []
_M = (
    r"(?:average |median )?(?:[Rr]evenue|[Cc]ost per unit|[Cc]ost|[Pp]rofit margin|[Pp]rofit per unit|[Pp]rofit|"
    r"[Uu]nits|[Rr]eturned units|[Rr]eturn rate|[Pp]rice per unit)"
)


def check_slide(slide: Slide) -> None:
    """All that a slide says is right. Raises `AssertionError` with the sentence that is not."""
    right = {labels: round(value, 4) for labels, value in slide.right.items()}
    held = slide.raw_rows
    assert held.keys() == right.keys(), (slide.words, held.keys() ^ right.keys())
    assert all(abs(held[labels] - right[labels]) < 1e-3 for labels in held), slide.words
    heading, aside = re.fullmatch(r"(.*?)(, and [^,]+ stands out)?", slide.heading).groups("")  # type: ignore[union-attr]
    ends = [scope for scope in slide.scopes if heading.endswith(scope)]
    _check(slide, *(heading.removesuffix(scope) + aside for scope in ends))
    for sentence in slide.remarks:
        _check(slide, sentence)
    check_scope(slide)


def check_scope(slide: Slide) -> None:
    """The title names every region and product that the figures are for, or that they are without."""
    listed = re.sub(r"^.*?(?= (?:for|except|in|from) )", "", slide.words)
    for name in ("North", "South", "East", "West", "Espresso", "Filter", "Cold Brew", "Tea"):
        assert name not in listed or name in slide.heading, (name, slide.heading, slide.words)


def _check(slide: Slide, *readings: str) -> None:
    """At least one claim that a sentence can be read as is right."""
    matches = [(match, check) for one in readings for pattern, check in _CHECKS if (match := pattern.fullmatch(one))]
    assert matches, f"nobody can tell whether this is right: {readings!r} of {slide.words!r}"
    problems = []
    for match, check in matches:
        try:
            check(slide, match)
        except (AssertionError, KeyError, StopIteration) as error:
            problems.append(error)
        else:
            return
    raise AssertionError(f"wrong: {readings!r} of {slide.words!r}: {problems}")


def _claim(pattern: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        _CHECKS.append((re.compile(pattern), check))
        return check

    return register


def _ends(points: Points, end: str) -> set[str]:
    extreme = (max if end in ("highest", "Highest", "largest") else min)(points.values())
    return {name for name, value in points.items() if abs(value - extreme) < 1e-6}


def _are(words: str, expected: set[str]) -> None:
    listed, count = names(words)
    assert set(listed) <= expected, (listed, expected)
    assert count == len(expected), (listed, expected)


def _shares(points: Points) -> Points:
    total = sum(points.values())
    return {name: 100 * value / total for name, value in points.items()}


@_claim(rf"(?P<m>{_M})(?: of (?P<name>.+?))? w(?:as|ere) (?P<v>{VALUE})")
def _figure(slide: Slide, match: re.Match[str]) -> None:
    assert match["m"].lower() == slide.question.measure
    assert len(slide.points) == 1
    assert is_right(match["v"], next(iter(slide.points.values())))


@_claim(rf"(?P<names>.+?) leads? with (?P<v>\d+%) of (?P<m>{_M})(?: each)?")
def _lead(slide: Slide, match: re.Match[str]) -> None:
    assert slide.question.adds_up
    _are(match["names"], _ends(slide.points, "highest"))
    assert is_right(match["v"], max(_shares(slide.points).values()))


@_claim(rf"(?P<names>.+?) (?:has|share) the (?P<end>highest|lowest) (?P<m>{_M}(?: a \w+)?): (?P<v>{VALUE})")
def _end(slide: Slide, match: re.Match[str]) -> None:
    points = _averages(slide) if match["m"].startswith(("average", "median")) else slide.points
    _are(match["names"], _ends(points, match["end"]))
    assert is_right(match["v"], points[names(match["names"])[0][0]])
    assert slide.question.measure in match["m"]


@_claim(rf"All (?P<n>\d+) \w+ (?:of {_M} are|have) the same ?(?P<m>(?:share of )?{_M}(?: a \w+)?|): (?P<v>{VALUE})")
def _all_the_same(slide: Slide, match: re.Match[str]) -> None:
    points = _averages(slide) if match["m"].startswith(("average", "median")) else slide.points
    points = _shares(points) if match["m"].startswith("share") else points
    assert len(points) == int(match["n"])
    assert all(is_right(match["v"], value) for value in points.values())
    assert max(points.values()) - min(points.values()) < 1e-6


@_claim(
    rf"(?P<a>.+?) has (?:a higher|more) (?P<m>{_M}) than (?P<b>.+?): (?P<va>{VALUE}) against (?P<vb>{VALUE})"
    rf"(?:, (?P<more>{CHANGE}) more)?"
)
def _two(slide: Slide, match: re.Match[str]) -> None:
    high, low = slide.points[match["a"]], slide.points[match["b"]]
    assert high > low
    assert len(slide.points) == 2
    assert is_right(match["va"], high)
    assert is_right(match["vb"], low)
    assert is_right(match["more"], moved(low, high, slide.question.unit))


@_claim(
    rf"(?P<a>.+?) has (?:a higher|more) (?P<m>{_M}) than (?P<b>.+?) in (?P<k>\d+) of (?P<n>\d+) (?P<d>\w+)"
    r"(?: \((?P<list>.+)\))?"
)
def _pair(slide: Slide, match: re.Match[str]) -> None:
    along = next(one for one in slide.question.split if match["d"].startswith(one[:4]))
    lines = slide.along(along)
    assert set(lines) == {match["a"], match["b"]}
    high, low = lines[match["a"]], lines[match["b"]]
    every = {*high, *low}
    higher = {name for name in every if name in high and name in low and high[name] - low[name] > 1e-6}
    lower = {name for name in every if name in high and name in low and low[name] - high[name] > 1e-6}
    assert (int(match["k"]), int(match["n"])) == (len(higher), len(every))
    assert len(higher) >= len(lower)
    assert (higher == every) == (match["list"] is None)
    if match["list"]:
        _are(match["list"], higher)


def _line(slide: Slide, what: str) -> Points:
    """The course that a sentence is about: of the measure, or of somebody's share of it."""
    if "’s share of" not in what:
        return slide.along(slide.times[0])[""]
    name = what.partition("’s")[0]
    return _shares_of_each(slide)[name]


def _shares_of_each(slide: Slide) -> dict[str, Points]:
    """Shares of the last part, in each label of the other dimension."""
    of = slide.share_of or [one for one in slide.question.split if one in ("region", "product", "season")][-1]
    other = next(one for one in slide.question.split if one != of)
    wholes = {label: sum(line.values()) for label, line in slide.along(of).items()}
    return {
        name: {label: 100 * value / wholes[label] for label, value in line.items()}
        for name, line in slide.along(other).items()
    }


@_claim(
    rf"(?P<m>{_M}|.+’s share of {_M}) (?P<verb>rose|fell) (?P<v>{CHANGE}) from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?)"
    r"(?:, and (?P<odd>.+?) stands out)?"
)
def _course(slide: Slide, match: re.Match[str]) -> None:
    line = _line(slide, match["m"])
    labels = list(line)
    assert (match["a"], match["b"]) == (labels[0], labels[-1])
    unit = "percent" if "share" in match["m"] else slide.question.unit
    value = moved(line[labels[0]], line[labels[-1]], unit)
    assert (value > 0) == (match["verb"] == "rose")
    assert is_right(match["v"], abs(value))
    assert match["v"].endswith("points") == (unit == "percent")
    if match["odd"]:
        assert match["odd"] == _outlier(line)
    elif "share" not in match["m"] and "growth" not in slide.question.ops:
        assert _outlier(line) is None


def _deviations(name: str, line: Points) -> float:
    others = [value for other, value in line.items() if other != name]
    spread = pstdev(others) if len(others) > 2 else 0.0
    return abs(line[name] - mean(others)) / spread if spread else 0.0


def _outlier(line: Points) -> str | None:
    far = max(line, key=lambda name: _deviations(name, line))
    return far if _deviations(far, line) > 4 else None


@_claim(
    rf"(?P<m>{_M}|.+’s share of {_M}) hardly changed from (?P<a>.+?) to (?P<b>.+?): (?P<va>{VALUE}) and (?P<vb>{VALUE})"
    r"(?:, and (?P<odd>.+?) stands out)?"
)
def _hardly(slide: Slide, match: re.Match[str]) -> None:
    line = _line(slide, match["m"])
    unit = "percent" if "share" in match["m"] else slide.question.unit
    labels = list(line)
    assert (match["a"], match["b"]) == (labels[0], labels[-1])
    assert abs(moved(line[labels[0]], line[labels[-1]], unit)) < 0.0501
    assert match["odd"] == (None if "growth" in slide.question.ops or "share" in match["m"] else _outlier(line))
    assert is_right(match["va"], line[labels[0]])
    assert is_right(match["vb"], line[labels[-1]])


@_claim(rf"(?P<m>{_M}) stayed at (?P<v>{VALUE}) from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?)")
def _stayed(slide: Slide, match: re.Match[str]) -> None:
    assert all(is_right(match["v"], value) for value in _line(slide, "").values())
    assert max(slide.points.values()) - min(slide.points.values()) < 1e-6


def _changes(slide: Slide) -> tuple[Points, str, str]:
    """The change of each part, from the first time to the last."""
    time = slide.times[-1]
    lines = slide.along(time)
    labels = list(dict.fromkeys(label for line in lines.values() for label in line))
    first, last = labels[0], labels[-1]
    unit = slide.question.unit
    return {name: moved(line[first], line[last], unit) for name, line in lines.items()}, first, last


@_claim(
    rf"(?:Among .+?, s|S)hares of {_M} from (?P<a>.+?) to (?P<b>.+?): (?P<top>.+?) (?P<rises>{_GREW})"
    rf" \((?P<vt>{CHANGE})\), (?P<low>.+?) (?P<falls>{_GREW}) \((?P<vl>{CHANGE})\)"
)
def _shares_moved(slide: Slide, match: re.Match[str]) -> None:
    shares = _shares_of_each(slide)
    chosen = {
        name: list(line.values()) for name, line in shares.items() if not slide.share_of or _is_chosen(slide, name)
    }
    changes = {name: values[-1] - values[0] for name, values in chosen.items()}
    labels = list(next(iter(shares.values())))
    assert (match["a"], match["b"]) == (labels[0], labels[-1])
    _both_ends_are_right(match, changes)


def _both_ends_are_right(match: re.Match[str], changes: Points) -> None:
    """Who moved up the most, and who down, with the words and the figures of both."""
    _are(match["top"], _ends(changes, "highest"))
    _are(match["low"], _ends(changes, "lowest"))
    assert is_right(match["vt"], max(changes.values()))
    assert is_right(match["vl"], min(changes.values()))
    _verb_is_right(match["rises"], match["vt"], max(changes.values()), lowest=False)
    _verb_is_right(match["falls"], match["vl"], min(changes.values()), lowest=True)


def _is_chosen(slide: Slide, name: str) -> bool:
    return name in slide.question.regions | slide.question.products


@_claim(
    rf"(?P<m>{_M}) from (?P<a>.+?) to (?P<b>.+?): (?P<top>.+?) (?P<rises>{_GREW})"
    rf" \((?P<vt>{CHANGE})\), (?P<low>.+?) (?P<falls>{_GREW}) \((?P<vl>{CHANGE})\)"
)
def _courses(slide: Slide, match: re.Match[str]) -> None:
    changes, first, last = _changes(slide)
    assert (match["a"], match["b"]) == (first, last)
    _both_ends_are_right(match, changes)


@_claim(
    rf"{_M} from (?P<a>.+?) to (?P<b>.+?): (?P<x>[\w ]+?) (?P<vx>{CHANGE}), (?P<y>[\w ]+?) (?P<vy>{CHANGE})"
    r"(?:; (?P<same>both were always the same)"
    r"|; (?P<one>[\w ]+) was higher in (?:all (?P<all>\d+)|(?P<k>\d+) of (?P<n>\d+)) \w+"
    r"(?: \((?P<more>[^)]+)\))?(?:, (?P<other>[\w ]+) in (?P<j>\d+) \((?P<fewer>[^)]+)\))?)"
)
def _two_courses(slide: Slide, match: re.Match[str]) -> None:
    changes, first, last = _changes(slide)
    assert (match["a"], match["b"]) == (first, last)
    assert set(changes) == {match["x"], match["y"]}
    assert is_right(match["vx"], changes[match["x"]])
    assert is_right(match["vy"], changes[match["y"]])
    lines = slide.along(slide.times[0])
    one = match["one"] or match["x"]
    other = next(name for name in lines if name != one)
    every = list(lines[one])
    higher = [label for label in every if lines[one][label] - lines[other][label] > 1e-6]
    lower = [label for label in every if lines[other][label] - lines[one][label] > 1e-6]
    assert bool(match["same"]) == (not higher and not lower)
    assert match["same"] or (int(match["all"] or match["k"]), int(match["all"] or match["n"])) == (
        len(higher),
        len(every),
    )
    assert not match["more"] or run_names(match["more"], every) == higher
    assert (match["other"] or other, int(match["j"] or 0)) == (other, len(lower))
    assert not match["fewer"] or run_names(match["fewer"], every) == lower


@_claim(rf"{_M} from (?P<a>.+?) to (?P<b>.+?): all (?P<n>\d+) moved alike, (?P<v>{CHANGE})")
@_claim(rf"{_M} moved alike for all (?P<n>\d+) \w+: (?P<v>{CHANGE}) from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?)")
def _alike(slide: Slide, match: re.Match[str]) -> None:
    changes, first, last = _changes(slide)
    assert (match["a"], match["b"], int(match["n"])) == (first, last, len(changes))
    assert all(is_right(match["v"], value) for value in changes.values())


@_claim(
    rf"(?P<m>{_M}) was higher in (?P<late>\d+) than in (?P<early>\d+) in (?P<k>\d+) of (?P<n>\d+) \w+"
    rf"(?:; in all it changed by (?P<v>{CHANGE}))?"
)
def _years(slide: Slide, match: re.Match[str]) -> None:
    lines = slide.along(slide.times[0])
    early, late = lines[match["early"]], lines[match["late"]]
    assert match["early"] < match["late"]
    assert int(match["n"]) == len(early) == len(late)
    assert int(match["k"]) == sum(late[label] > early[label] + 1e-9 for label in early)
    if match["v"]:
        assert slide.question.adds_up
        assert is_right(match["v"], moved(sum(early.values()), sum(late.values()), slide.question.unit))


def _listed(words: str, points: Points, *, lowest: bool, count: int) -> None:
    """The first so many with their figures, in their order, ties included."""
    ordered = sorted(points.values(), reverse=not lowest)
    limit = ordered[min(count, len(ordered)) - 1]
    sign = 1 if lowest else -1
    near = {name for name, value in points.items() if sign * (value - limit) < _NEAR}
    clear = {name for name, value in points.items() if sign * (value - limit) < -_NEAR}
    told = pairs(words)
    assert all(is_right(written, points[name]) for name, written in told), (told, points)
    if words.startswith("from "):
        assert (points[told[0][0]], points[told[-1][0]]) == (ordered[0], limit)
        return
    listed = {name for name, _ in told}
    assert clear <= listed <= near, (told, near)
    assert len(listed) >= min(count, len(points))
    values = [round(points[name], 4) for name, _ in told]
    assert values == sorted(values, reverse=not lowest)


@_claim(rf"(?P<end>Top|Bottom) (?P<n>\d+)(?: \w+)? by (?P<m>{_M}(?: a \w+)?)(?: with a tie)?: (?P<list>.+?\))")
@_claim(rf"(?P<end>All) (?P<n>\d+) \w+ by (?P<m>{_M}): (?P<list>.+?\))")
def _ranking(slide: Slide, match: re.Match[str]) -> None:
    points = _averages(slide) if match["m"].startswith(("average", "median")) else slide.points
    lowest = any(op.startswith("bottom") for op in slide.question.ops)
    assert match["end"] == "All" or lowest == (match["end"] == "Bottom")
    _listed(match["list"], points, lowest=lowest, count=int(match["n"]))


@_claim(
    rf"(?P<names>.+?) ha(?:s|ve) the (?P<end>highest|lowest) {_M} in"
    r" (?:all (?P<all>\d+)|(?P<k>\d+) of (?P<n>\d+)) (?P<d>\w+)"
)
def _winners(slide: Slide, match: re.Match[str]) -> None:
    ranked = next(one for one in slide.question.split if not match["d"].startswith(one[:4]))
    groups = slide.along(ranked)
    winners = [_ends(line, match["end"]) for line in groups.values()]
    wins = {name: sum(name in one for one in winners) for line in groups.values() for name in line}
    often = int(match["all"] or match["k"])
    assert int(match["all"] or match["n"]) == len(groups)
    assert often == max(wins.values())
    _are(match["names"], {name for name, count in wins.items() if count == often})


@_claim(rf"The (?P<end>highest|lowest) {_M} in each \w+: (?P<list>.+)")
def _winner_of_each(slide: Slide, match: re.Match[str]) -> None:
    ranked = next(op for op in slide.question.ops if op.endswith("in each")).split()[2]
    groups = slide.along({"halfs": "half"}.get(ranked, ranked.removesuffix("s")))
    told, tied = dict[str, set[str]](), set[str]()
    for piece in names(match["list"])[0]:
        name, _, group = piece.partition(" in ")
        tied.add(name)
        if group:
            told[group], tied = tied, set()
    assert told == {name: _ends(line, match["end"]) for name, line in groups.items()}


@_claim(rf"The (?P<n>\d+) \w+ with the (?:highest|lowest) {_M} in each \w+")
def _says_nothing(slide: Slide, match: re.Match[str]) -> None:
    assert f"{match['n']} " in " ".join(slide.question.ops)


@_claim(r"(?P<group>[\w ]+): (?P<list>.+\))")
def _group(slide: Slide, match: re.Match[str]) -> None:
    ranking = next(op for op in slide.question.ops if op.endswith("in each"))
    end, count, ranked, *_ = ranking.split()
    lines = slide.along({"halfs": "half"}.get(ranked, ranked.removesuffix("s")))
    _listed(match["list"], lines[match["group"]], lowest=end == "bottom", count=int(count))


@_claim(rf"{_M} (?P<verb>{_GREW}) for (?P<names>[^(]+?): (?P<v>{CHANGE}) from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?)")
def _growth(slide: Slide, match: re.Match[str]) -> None:
    changes, first, last = _changes(slide)
    assert (match["a"], match["b"]) == (first, last)
    lowest = any(op.startswith("bottom") for op in slide.question.ops)
    _are(match["names"], _ends(changes, "lowest" if lowest else "highest"))
    value = (min if lowest else max)(changes.values())
    assert is_right(match["v"], value)
    _verb_is_right(match["verb"], match["v"], value, lowest=lowest)


def _verb_is_right(verb: str, written: str, value: float, *, lowest: bool) -> None:
    if number(written) == 0:
        assert verb == "hardly changed"
        return
    expected = (
        ("fell the most" if value < 0 else "grew the least")
        if lowest
        else ("grew the most" if value > 0 else "fell the least")
    )
    assert verb == expected


@_claim(rf"{_M} (?P<verb>{_GREW}) for (?P<list>.+?\)) from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?)")
def _growth_list(slide: Slide, match: re.Match[str]) -> None:
    changes, _, _ = _changes(slide)
    end, count, *_ = next(op for op in slide.question.ops if op.startswith(("top", "bottom"))).split()
    _listed(match["list"], changes, lowest=end == "bottom", count=int(count))


def _steps(slide: Slide) -> Points:
    return _steps_of(slide, _line(slide, ""))


def _steps_of(slide: Slide, line: Points) -> Points:
    labels = list(line)
    return {
        label: moved(line[before], line[label], slide.question.unit)
        for before, label in pairwise(labels)
        if MONTHS.index(span_months(label)[0]) == MONTHS.index(span_months(before)[-1]) + 1
    }


@_claim(rf"{_M} (?P<verb>{_GREW}) in (?P<list>.+?\)) on the \w+ before")
def _step(slide: Slide, match: re.Match[str]) -> None:
    ranking = next((op for op in slide.question.ops if op.startswith(("top", "bottom"))), "top 1").split()
    _listed(match["list"], _steps(slide), lowest=ranking[0] == "bottom", count=int(ranking[1]))
    name, written = pairs(match["list"])[0]
    _verb_is_right(match["verb"], written, _steps(slide)[name], lowest=ranking[0] == "bottom")


def _average_steps(slide: Slide) -> Points:
    """The mean of the steps of each line."""
    lines = slide.along(slide.times[0])
    return {name: mean(_steps_of(slide, line).values()) for name, line in lines.items()}


@_claim(rf"On average (?P<m>{_M}) (?:(?P<verb>rose|fell) (?P<v>{CHANGE})|hardly changed) a (?P<d>\w+)")
def _average_step(slide: Slide, match: re.Match[str]) -> None:
    value = _average_steps(slide)[""]
    assert (match["m"], match["d"]) == (slide.question.measure, slide.times[0])
    assert is_right(match["v"], abs(value)) if match["v"] else abs(value) < 0.0501
    assert match["verb"] in (None, "rose" if value > 0 else "fell")


@_claim(rf"On average (?P<m>{_M}) (?P<verb>{_GREW}) for (?P<list>.+?\)) a (?P<d>\w+)")
def _average_steps_ranked(slide: Slide, match: re.Match[str]) -> None:
    points = _average_steps(slide)
    assert (match["m"], match["d"]) == (slide.question.measure, slide.times[0])
    ranking = next((op for op in slide.question.ops if op.startswith(("top", "bottom"))), "top 1").split()
    _listed(match["list"], points, lowest=ranking[0] == "bottom", count=int(ranking[1]))
    name, written = pairs(match["list"])[0]
    _verb_is_right(match["verb"], written, points[name], lowest=ranking[0] == "bottom")


@_claim(rf"{_M} moved alike for all (?P<n>\d+) \w+ on average a \w+")
def _average_steps_alike(slide: Slide, match: re.Match[str]) -> None:
    points = _average_steps(slide)
    assert len(points) == int(match["n"])
    assert max(points.values()) - min(points.values()) < 1e-5


@_claim(rf"Strongest step: (?P<name>.+?), (?P<v>{CHANGE})")
def _strongest(slide: Slide, match: re.Match[str]) -> None:
    steps = _steps(slide)
    assert match["name"] in _ends(steps, "highest")
    assert is_right(match["v"], max(steps.values()))


def _running(slide: Slide) -> dict[str, Points]:
    """Each line, added up as far as each time."""
    lines = slide.along(slide.times[0])
    return {name: dict(zip(line, accumulate(line.values()), strict=True)) for name, line in lines.items()}


@_claim(rf"(?P<m>{_M}) added up to (?P<v>{VALUE}) by (?P<last>\w+(?: \d{{4}})?)")
def _added_up(slide: Slide, match: re.Match[str]) -> None:
    line = _running(slide)[""]
    assert match["last"] == list(line)[-1]
    assert is_right(match["v"], sum(slide.points.values()))


@_claim(rf"Half of it was reached in (?P<name>.+): (?P<v>{VALUE})")
def _half_reached(slide: Slide, match: re.Match[str]) -> None:
    line = _running(slide)[""]
    labels = list(line)
    at = labels.index(match["name"])
    assert is_right(match["v"], line[match["name"]])
    assert line[labels[at]] >= line[labels[-1]] / 2
    assert at == 0 or line[labels[at - 1]] < line[labels[-1]] / 2


@_claim(rf"(?P<names>.+?) added up to the most (?P<m>{_M}): (?P<v>{VALUE}) by (?P<last>\w+(?: \d{{4}})?)")
def _added_up_most(slide: Slide, match: re.Match[str]) -> None:
    sums = {name: sum(line.values()) for name, line in slide.along(slide.times[0]).items()}
    _are(match["names"], _ends(sums, "highest"))
    assert is_right(match["v"], max(sums.values()))
    assert all(match["last"] == list(line)[-1] for line in _running(slide).values())


@_claim(
    rf"(?P<name>[\w ]+?) (?:added up to|did not (?P<never>add up to)) (?P<bound>more than|at least) (?P<limit>{VALUE})"
    rf"(?: in (?P<when>\w+(?: \d{{4}})?): (?P<v>{VALUE}))?"
)
def _reached(slide: Slide, match: re.Match[str]) -> None:
    """The first time that a sum is beyond the limit; none before it is."""
    side = {"more than": "above", "at least": "at least"}[match["bound"]]
    assert any(op == f"{side} {number(match['limit']):.12g}" for op in slide.question.ops)
    lines = _running(slide)
    line = lines[""] if match["name"].lower() == slide.question.measure else lines[match["name"]]
    limit = number(match["limit"])
    beyond = [label for label, value in line.items() if value > limit or (side == "at least" and value == limit)]
    assert bool(match["never"]) == (not beyond) == (match["when"] is None)
    if beyond:
        assert match["when"] == beyond[0]
        assert is_right(match["v"], line[beyond[0]])


@_claim(rf"(?P<name>[\w ]+) added up to (?P<v>{VALUE})")
def _part_added_up(slide: Slide, match: re.Match[str]) -> None:
    assert is_right(match["v"], sum(slide.along(slide.times[0])[match["name"]].values()))


_VERB = (
    r"(?P<verb>rose|fell|did not rise|did not fall)"
    rf"(?: (?P<bound>more than|at least|less than|at most|between) (?P<v>{CHANGE})(?: and (?P<most>{CHANGE}))?"
    r"(?:, or fell,)?)?"
)
_COUNTED = (
    r"(?:all (?P<all>\d+)|(?P<k>\d+|none) of (?P<n>\d+)) \w+(?: after (?P<after>\w+ \d{4}))?(?:: (?P<list>.+?))?"
    r"(?:; not (?P<others>.+))?"
)


@_claim(rf"{_M} {_VERB} on the \w+ before in {_COUNTED}")
def _steps_and_limit(slide: Slide, match: re.Match[str]) -> None:
    steps = _steps(slide)
    assert match["after"] in (None, next(iter(_line(slide, ""))))
    assert (match["after"] is None) == (len(steps) < len(_line(slide, "")) - 1)
    _moved_beyond(slide, match, steps)


@_claim(rf"{_M} {_VERB} from (?P<a>.+?) to (?P<b>\w+(?: \d{{4}})?) for {_COUNTED}")
def _growth_and_limit(slide: Slide, match: re.Match[str]) -> None:
    changes, first, last = _changes(slide)
    assert (match["a"], match["b"]) == (first, last)
    _moved_beyond(slide, match, changes)


_FALLS: dict[str, Callable[[float, float, float], bool]] = {
    "above": lambda figure, limit, _: figure < -limit,
    "at least": lambda figure, limit, _: figure <= -limit,
    "between": lambda figure, lower, upper: -upper <= figure <= -lower,
}


def _moved_beyond(slide: Slide, match: re.Match[str], moved: Points) -> None:
    """How many moved as far as the query says, and which: `growth, above 10%`, `decline, at least 5%`."""
    direction, op = slide.question.ops
    side = next(one for one in _PASSES if op.startswith(one))
    limits = [float(one) for one in op[len(side) + 1 :].replace("%", "").split(" and ")]
    passes = (_PASSES if direction == "growth" else _FALLS)[side]
    passing = {name for name, one in moved.items() if passes(round(one, 6), limits[0], limits[-1])}
    if not passing and limits == [0] and side == "at least":
        # None did not rise: all rose.
        assert (match["verb"], int(match["all"])) == ("fell" if direction == "growth" else "rose", len(moved))
        _are_moved(match["list"], set(moved), moved)
        return
    assert int(match["all"] or match["k"].replace("none", "0")) == len(passing)
    assert int(match["all"] or match["n"]) == len(moved)
    words = {"above": "more than", "below": "less than"}.get(side, side)
    if match["bound"]:
        assert (match["verb"], match["bound"]) == ("rose" if direction == "growth" else "fell", words)
        written = [match["v"], *([match["most"]] if match["most"] else [])]
        assert all(is_right(one, limit) for one, limit in zip(written, limits, strict=True))
    else:
        verbs = {"growth above": "rose", "decline above": "fell", "growth at least": "did not fall"}
        assert match["verb"] == verbs.get(f"{direction} {side}", "did not rise")
        assert limits == [0]
    if match["list"]:
        _are_moved(match["list"], passing or set(moved), moved)
    else:
        assert not passing
    if match["others"]:
        _are_moved(match["others"], set(moved) - passing, moved)


def _are_moved(words: str, expected: set[str], moved: Points) -> None:
    """`A (+1.0%) and B (−2.0%)`, or names, those that follow each other as `A to C`."""  # noqa: RUF002
    if told := pairs(words):
        assert all(is_right(written, moved[name]) for name, written in told)
        assert {name for name, _ in told} == expected
    else:
        assert set(run_names(words, list(moved))) == expected


@_claim(rf"Weakest step: (?P<name>.+?), (?P<v>{CHANGE})")
def _weakest(slide: Slide, match: re.Match[str]) -> None:
    steps = _steps(slide)
    assert match["name"] in _ends(steps, "lowest")
    assert is_right(match["v"], min(steps.values()))


@_claim(r"Fell in (?P<k>\d+) of (?P<n>\d+) \w+")
def _fell(slide: Slide, match: re.Match[str]) -> None:
    steps = _steps(slide)
    assert (int(match["k"]), int(match["n"])) == (sum(step < 0 for step in steps.values()), len(steps))


@_claim(rf"Difference: (?P<v>{VALUE}|{CHANGE})")
def _difference(slide: Slide, match: re.Match[str]) -> None:
    one, other = slide.points.values()
    assert match["v"].endswith("points") == (slide.question.unit == "percent")
    assert is_right(match["v"], abs(one - other))


@_claim(rf"(?P<name>.+?) has (?P<v>{VALUE}) of {_M}")
def _share(slide: Slide, match: re.Match[str]) -> None:
    assert is_right(match["v"], _shares(slide.points)[match["name"]])


@_claim(rf"(?P<names>.+?) have (?P<v>{VALUE}) of {_M} together: (?P<each>.+?%)")
def _shares_together(slide: Slide, match: re.Match[str]) -> None:
    shares = _shares(slide.points)
    listed, _ = names(match["names"])
    assert is_right(match["v"], sum(shares[name] for name in listed))
    told = re.findall(r"(?:^|, | and )([\w ]+?) ([\d.]+%)", match["each"])
    assert [name for name, _ in told] == listed
    assert all(is_right(written, shares[name]) for name, written in told)


@_claim(rf"(?P<names>.+?) ha(?:s|ve) the (?P<end>largest|smallest) share of {_M}: (?P<v>{VALUE})")
def _largest_share(slide: Slide, match: re.Match[str]) -> None:
    shares = _shares(slide.points)
    _are(match["names"], _ends(shares, match["end"]))
    assert is_right(match["v"], shares[names(match["names"])[0][0]])


@_claim(rf"The (?P<end>largest|smallest) shares of {_M}: (?P<list>.+?\))")
def _shares_ranked(slide: Slide, match: re.Match[str]) -> None:
    _, count, *_ = next(op for op in slide.question.ops if op.startswith(("top", "bottom"))).split()
    _listed(match["list"], _shares(slide.points), lowest=match["end"] == "smallest", count=int(count))


@_claim(rf"(?:Among (?P<named>.+?), t|T)he (?P<end>largest|smallest) share of {_M} in one \w+: (?P<list>.+?\))")
def _share_of_each(slide: Slide, match: re.Match[str]) -> None:
    lines = _shares_of_each(slide)
    named = set(names(match["named"])[0]) if match["named"] else set(lines)
    every = {f"{name} in {one}": value for name in named for one, value in lines[name].items()}
    ranking = next((op for op in slide.question.ops if op.startswith(("top", "bottom"))), "top 1").split()
    _listed(match["list"], every, lowest=ranking[0] == "bottom", count=int(ranking[1]))


@_claim(rf"(?P<name>.+?)’s share of {_M} is highest in (?P<list>.+?\))")
def _share_highest_in(slide: Slide, match: re.Match[str]) -> None:
    _listed(match["list"], _shares_of_each(slide)[match["name"]], lowest=False, count=1)


def _averages(slide: Slide) -> Points:
    lines = slide.along(slide.times[0] if slide.times else "season")
    middle = median if "median" in slide.question.ops else mean
    return {name: middle(line.values()) for name, line in lines.items()}


@_claim(rf"{_M} (?P<verb>averaged|had a median of) (?P<v>{VALUE}) a \w+")
def _averaged(slide: Slide, match: re.Match[str]) -> None:
    assert ("median" in slide.question.ops) == (match["verb"] != "averaged")
    assert is_right(match["v"], _averages(slide)[""])


@_claim(r"Above the (?:average|median): (?P<k>\d+) of (?P<n>\d+) \w+")
def _above_average(slide: Slide, match: re.Match[str]) -> None:
    average = _averages(slide)[""]
    assert (int(match["k"]), int(match["n"])) == (
        sum(value > average for value in slide.points.values()),
        len(slide.points),
    )


@_claim(rf"(?P<list>.+? stands out: .+?)(?:, (?P<v>{CHANGE}) (?P<side>above|below) the average of the other \w+)?")
def _stands_out(slide: Slide, match: re.Match[str]) -> None:
    line = _line(slide, "")
    for one in re.split("; ", match["list"] + (f", {match['v']} {match['side']}" if match["v"] else "")):
        found = re.fullmatch(rf"(.+?) stands out: ({VALUE})(?:, ({CHANGE}) (above|below).*)?", one)
        assert found
        name, written, off, side = found.groups()
        assert _deviations(name, line) > 4
        assert is_right(written, line[name])
        usual = mean(value for other, value in line.items() if other != name)
        assert is_right(off, abs(moved(usual, line[name], slide.question.unit)))
        assert (side == "above") == (line[name] > usual)


@_claim(rf"(?P<names>.+?) do(?:es)? not stand out in {_M}")
def _does_not(slide: Slide, match: re.Match[str]) -> None:
    line = _line(slide, "")
    assert all(_deviations(name, line) <= 4 for name in names(match["names"])[0])


@_claim(rf"No \w+ stands out in (?P<where>any \w+|{_M})")
def _none_stands_out(slide: Slide, match: re.Match[str]) -> None:
    assert all(_outlier(line) is None for line in slide.along(slide.times[0]).values())


@_claim(rf"(?P<list>.+?) stands? out in {_M}")
def _stand_out(slide: Slide, match: re.Match[str]) -> None:
    lines = slide.along(slide.times[0])
    expected = {f"{name} in {odd}": line[odd] for name, line in lines.items() if (odd := _outlier(line))}
    told = pairs(match["list"])
    assert {name for name, _ in told} == set(expected)
    assert all(is_right(written, expected[name]) for name, written in told)


@_claim(r"Standing out: more than 4 standard deviations off the average of the others")
def _rule(slide: Slide, match: re.Match[str]) -> None:
    assert "outliers" in slide.question.ops


_SIDE = (
    r"(?P<side>above|below|at least|at most|between) (?P<avg>the average of )?"
    rf"(?P<v>{VALUE})(?: and (?P<most>{VALUE}))?"
)
_PASSES: dict[str, Callable[[float, float, float], bool]] = {
    "above": lambda figure, limit, _: figure > limit,
    "below": lambda figure, limit, _: figure < limit,
    "at least": lambda figure, limit, _: figure >= limit,
    "at most": lambda figure, limit, _: figure <= limit,
    "between": lambda figure, limit, most: limit <= figure <= most,
}


def _passing(slide: Slide, match: re.Match[str], points: Points) -> set[str]:
    """Those on the side of the limit that the query says; the words must say the same."""
    op = next(op for op in slide.question.ops if op.startswith(tuple(_PASSES)))
    side = next(one for one in _PASSES if op.startswith(one))
    limits = [mean(points.values()) if one == "average" else float(one) for one in op[len(side) + 1 :].split(" and ")]
    assert (side, "average" in op) == (match["side"], bool(match["avg"]))
    written = [match["v"], *([match["most"]] if match["most"] else [])]
    assert all(is_right(one, limit) for one, limit in zip(written, limits, strict=True))
    return {name for name, one in points.items() if _PASSES[side](one, limits[0], limits[-1])}


@_claim(rf"(?P<k>\d+|None) of (?P<n>\d+) \w+ ha(?:s|ve) (?P<m>(?:share of )?{_M}) {_SIDE}(?:: (?P<names>.+?))?")
def _threshold(slide: Slide, match: re.Match[str]) -> None:
    points = _shares(slide.points) if match["m"].startswith("share") else slide.points
    passing = _passing(slide, match, points)
    assert (int(match["k"].replace("None", "0")), int(match["n"])) == (len(passing), len(points))
    if passing and slide.times and len(slide.question.split) == 1:
        assert run_names(match["names"], sorted(points, key=time_of)) == sorted(passing, key=time_of)
    elif passing:
        _are(match["names"], passing)


@_claim(
    rf"(?P<k>\d+|None) of (?P<n>\d+) other \w+ ha(?:s|ve) {_M} (?P<side>above|below) (?P<than>[\w ]+)’s (?P<v>{VALUE})"
    r"(?:: (?P<names>.+?))?"
)
def _beside_one(slide: Slide, match: re.Match[str]) -> None:
    assert f"{match['side']} {match['than']}" in slide.question.ops
    limit = slide.points[match["than"]]
    assert is_right(match["v"], limit)
    others = {name: value for name, value in slide.points.items() if name != match["than"]}
    passing = {name for name, value in others.items() if (value > limit if match["side"] == "above" else value < limit)}
    assert (int(match["k"].replace("None", "0")), int(match["n"])) == (len(passing), len(others))
    assert bool(match["names"]) == bool(passing)
    if passing:
        _are(match["names"], passing)


@_claim(rf"{_M} w(?:as|ere) (?P<figure>{VALUE}), (?P<no>not )?{_SIDE}")
def _figure_and_limit(slide: Slide, match: re.Match[str]) -> None:
    assert is_right(match["figure"], next(iter(slide.points.values())))
    assert bool(_passing(slide, match, slide.points)) != bool(match["no"])


@_claim(rf"(?P<end>Highest|Lowest): (?P<names>.+), (?P<v>{VALUE})")
def _extreme(slide: Slide, match: re.Match[str]) -> None:
    candidates = [slide.points, *([_averages(slide)] if {"average", "median"} & set(slide.question.ops) else [])]
    if "share" in slide.question.ops:
        candidates += [_shares(slide.points)]
        candidates += _shares_of_each(slide).values() if len(slide.question.split) == 2 else []
    for points in candidates:
        expected = _ends(points, match["end"])
        listed, count = names(match["names"])
        if set(listed) <= expected and count == len(expected) and is_right(match["v"], points[listed[0]]):
            return
    raise AssertionError("not the end of any order")


@_claim(rf"Total {_M}: (?P<v>{VALUE})")
def _total(slide: Slide, match: re.Match[str]) -> None:
    assert slide.question.adds_up
    assert is_right(match["v"], sum(slide.points.values()))


@_claim(rf"(?:Together they have|That is) (?P<v>{VALUE}) of {_M}")
def _together(slide: Slide, match: re.Match[str]) -> None:
    end, count, *_ = next(op for op in slide.question.ops if op.startswith(("top", "bottom"))).split()
    ordered = sorted(slide.points.values(), reverse=end == "top")
    limit = ordered[min(int(count), len(ordered)) - 1]
    chosen = [value for value in ordered if (value >= limit - 1e-6 if end == "top" else value <= limit + 1e-6)]
    assert is_right(match["v"], 100 * sum(chosen) / sum(ordered))


@_claim(rf"(?P<name>[\w ]+): (?P<v>{VALUE})")
def _amount(slide: Slide, match: re.Match[str]) -> None:
    if match["name"] in slide.points:
        value = slide.points[match["name"]]
    else:
        value = sum(slide.along(slide.times[0])[match["name"]].values())
    assert is_right(match["v"], value)


@_claim(rf"(?P<name>[\w ]+): (?P<a>{VALUE}) to (?P<b>{VALUE})")
def _levels(slide: Slide, match: re.Match[str]) -> None:
    line = slide.along(slide.times[-1])[match["name"]]
    labels = list(line)
    assert is_right(match["a"], line[labels[0]])
    assert is_right(match["b"], line[labels[-1]])
