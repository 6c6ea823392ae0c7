"""Why a question cannot be answered, in words for the person who asked. Pure."""

from __future__ import annotations

from itertools import islice, pairwise

from app.questions.compose import months_named
from app.questions.limits import ENDS
from app.questions.months import ALL, SIZES, name_of
from app.questions.named import Named
from app.questions.query import PARTS, part_of
from app.questions.tokens import Kind, Token

_AMOUNTS = {"revenue", "cost", "profit"}
_OF_RETURNS = {"of", "from", "through", "to", "due", "because", "by", "on", "the", "our", "all"}
_COMING = (["come"], ["comes"], ["came"], ["fell"], ["falls"], ["made"], ["earned"], ["generated"], ["happened"])
NOT_WHY = "The data say what and where, not why."


def refuse(named: Named, *, is_fragment: bool = False) -> str:
    """Why no query can answer this; empty if one can. A fragment adds to a question and needs no measure."""
    unknown = [f"“{word}”" for word in named.left_out]
    if named.has(Kind.FUTURE, Kind.NEXT):
        return f"The data end with {name_of(ALL[-1:])}, and I do not look ahead."
    if named.has(Kind.ADVICE) and not named.measures:
        return "I show what the figures are; I do not advise what should be done."
    if split := _unknown_split(named):
        finest = " The finest time is the month." if split.lower() in {"week", "day", "date", "hour"} else ""
        return f"The data are not split by “{split}”.{finest}"
    if named.ends and not named.splits and (ranked := _unknown(named)):
        return f"I do not know {', '.join(ranked)}."
    if idle := [word for word in named.left_out if _is_negation(named, word)]:
        return f"I do not know what “{idle[0]}” leaves out: I can leave out regions, products and times."
    if named.has(Kind.SHARE) and not named.has(Kind.RISE, Kind.FALL) and _shares_time(named):
        return "I can't tell a time's share in others: ask for the figures by season, quarter or month."
    if whole := _shares_one_in_another(named):
        return f"I can't tell one in percent of another: ask for {whole} and the other beside each other."
    if parted := _parts_of_growth(named):
        return f"I can't tell what parts “{parted}” to growth: ask for the growth of each."
    if _ranks_differences(named):
        return "I can't rank differences: ask for the figures beside each other."
    if _values_returns(named):
        return "The data hold how many units were returned, not what they were worth."
    if inner := _ranked_in_ranked(named):
        return f"I can't rank {inner[0]} within {inner[1]} that are to be ranked: ask for the {inner[1]} first."
    if len(named.measures) > 1 and _limits(named) > 1:
        return "I can set one limit at a time, on one measure: ask for each apart."
    if bounded := _bounded_by_time(named):
        return f"I can't set {bounded} against one of them: ask for them all."
    if chosen := _chosen_by_limit(named):
        return f"I can't choose {chosen} by their figures and show something else: ask for the {chosen} first."
    if empty := _empty(named):
        return empty
    if named.has(Kind.WHY) and not named.weight:
        return NOT_WHY
    known = named.measures or named.unknown_measure or is_fragment
    if named.has(Kind.OVERVIEW) and not unknown:
        return ""
    if not named.weight or (unknown and not known) or (len(unknown) >= named.weight > 0 and not named.unknown_measure):
        return f"I do not know {', '.join(unknown)}." if unknown else "I do not know what is asked."
    return ""


def _unknown_split(named: Named) -> str:
    """A word that we do not know, where a dimension would stand: `by customer`, `which customers`."""
    tokens = named.tokens
    asked = [token.text for before, token in pairwise(tokens) if token.kind is Kind.UNKNOWN and _asks_which(before)]
    if asked:
        return asked[0]
    for place, token in enumerate(tokens[:-1]):
        following = next((one for one in tokens[place + 1 :] if one.kind not in {Kind.FILLER, Kind.EACH}), None)
        if token.kind is Kind.BY and following and following.kind is Kind.UNKNOWN:
            return following.text
    return ""


def _asks_which(token: Token) -> bool:
    return token.text.lower() in {"which", "each", "every"}


def _unknown(named: Named) -> list[str]:
    tokens = enumerate(named.tokens)
    return [f"“{token.text}”" for place, token in tokens if token.kind is Kind.UNKNOWN and place not in named.used]


def _is_negation(named: Named, word: str) -> bool:
    return any(token.text == word and token.kind in {Kind.NOT, Kind.EXCLUDE} for token in named.tokens)


def _shares_time(named: Named) -> bool:
    """`share of summer`, `how much of it comes from Q4`, `came in May`; but not `share of 2024 revenue`."""
    for time in named.times:
        before = [token for token in named.tokens[: time.start] if token.text.lower() not in {"the", "our", "of"}][-2:]
        after = named.tokens[time.end : time.end + 1]
        is_owner = bool(before) and before[-1].kind is Kind.SHARE and not (after and after[0].kind is Kind.MEASURE)
        words = [token.text.lower() for token in before]
        if is_owner or (words[:1] in _COMING and words[1:] in (["from"], ["in"], ["during"])):
            return True
    return False


def _shares_one_in_another(named: Named) -> str:
    """`North as a percentage of South`: the second, of the same part."""
    following = [(at, token) for at, token in enumerate(named.tokens) if token.kind is not Kind.FILLER]
    for (place, share), (_, whole) in pairwise(following):
        if share.kind is not Kind.SHARE or whole.kind is not Kind.MEMBER or whole.possessive:
            continue
        before = [token for token in named.tokens[:place] if token.kind is Kind.MEMBER]
        if any(part_of(one.value) == part_of(whole.value) and one.value != whole.value for one in before):
            return whole.value
    return ""


def _parts_of_growth(named: Named) -> str:
    """`which region contributed most to growth`: the word, where a part in growth is meant."""
    for before, after in pairwise([token for token in named.tokens if token.kind not in {Kind.FILLER, *ENDS}]):
        if before.text.lower().startswith("contribut") and named.has(Kind.RISE, Kind.FALL) and after.kind is Kind.TO:
            return before.text
    return ""


def _ranks_differences(named: Named) -> bool:
    """`the biggest gap between regions`."""
    following = [named.tokens[place + 1 : place + 2] for place, _ in named.ends]
    return any(
        token.text.lower() in {"gap", "spread", "difference", "differences"} for tokens in following for token in tokens
    )


def _values_returns(named: Named) -> bool:
    """`cost of returns`, `what did returns cost us`; not `cost and returns`."""
    pairs = list(pairwise((at, token) for at, token in enumerate(named.tokens) if token.kind is Kind.MEASURE))
    return any(_is_worth_of_returns(named, one, other) for (one, _), (other, _) in pairs)


def _is_worth_of_returns(named: Named, one: int, other: int) -> bool:
    """Whether what is measured at one place is asked for of what is measured at the other."""
    first, second = named.tokens[one], named.tokens[other]
    between = {token.text.lower() for token in named.tokens[one + 1 : other]}
    if first.value in _AMOUNTS and second.value == "returned units":
        return bool(between) and between <= _OF_RETURNS
    is_verb = second.text.lower() == "cost" and not between
    asks = {"did", "do", "us"} & {token.text.lower() for token in named.tokens}
    return first.value == "returned units" and is_verb and bool(asks)


def _ranked_in_ranked(named: Named) -> tuple[str, str] | None:
    """`the best products in the two worst regions`: both dimensions."""
    ranked = [split for split in named.splits if _follows_end(named, split.place)]
    for one, other in pairwise(ranked):
        words = {token.text.lower() for token in named.tokens[one.place + 1 : other.place]}
        if words & {"in", "of", "within"} and not words & {"and", "or", "vs"} and one.dimension != other.dimension:
            return f"{one.dimension}s", f"{other.dimension}s"
    return None


def _follows_end(named: Named, place: int) -> bool:
    """Whether what is named here stands behind an end of an order: `best 2 regions`."""
    before = [token.kind for token in named.tokens[max(0, place - 2) : place] if token.kind is not Kind.NUMBER]
    return before[-1:] != [] and before[-1] in ENDS


def _limits(named: Named) -> int:
    """How many values and averages something is to be above or below."""
    bounds = [place for place, token in enumerate(named.tokens) if token.kind in {Kind.ABOVE, Kind.BELOW}]
    return len([place for place in bounds if _kind_at(named, place + 1) in {Kind.NUMBER, Kind.AVERAGE}])


def _kind_at(named: Named, place: int) -> Kind | None:
    return named.tokens[place].kind if place < len(named.tokens) else None


def _bounded_by_time(named: Named) -> str:
    """`which months beat December`: what would have to be above or below a time that is one of them."""
    units = [split for split in named.splits if split.dimension in {*SIZES, "season"} and not split.each]
    alone = named.times[0] if len(named.times) == 1 else None
    words = [token for token in named.tokens[: alone.start] if token.kind is not Kind.FILLER] if alone else []
    is_bound = bool(words) and (words[-1].kind in {Kind.ABOVE, Kind.BELOW} or words[-1].text.lower() == "than")
    return named.tokens[units[0].place].text if is_bound and units else ""


def _chosen_by_limit(named: Named) -> str:
    """`revenue by region for products over 1000`: what is to be chosen, where the figures are split by another part."""
    limited = [split.place for split in named.splits if split.plural and _is_limited(named, split.place)]
    chosen = [place for place in limited if "for" in {token.text.lower() for token in named.tokens[place - 2 : place]}]
    return named.tokens[chosen[0]].text if named.threshold and len(named.splits) > 1 and chosen else ""


def _is_limited(named: Named, place: int) -> bool:
    """`products over 1000`, `products with a margin above 60%`."""
    following = (token for token in named.tokens[place + 1 :] if token.kind not in {Kind.FILLER, Kind.MEASURE})
    return any(token.kind in {Kind.ABOVE, Kind.BELOW} for token in islice(following, 1))


def _empty(named: Named) -> str:
    """What is left of the data, if that is nothing."""
    for part in PARTS:
        members = named.members[part]
        if members.names and not members.those_in(part):
            return f"No {part} is left."
    if (named.times or named.excluded_times) and not months_named(named):
        return "No month is left."
    return ""
