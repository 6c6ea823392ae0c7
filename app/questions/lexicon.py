"""The words that questions are made of, by what they do. A phrase counts before its words."""

from __future__ import annotations

from calendar import month_abbr, month_name
from collections.abc import Iterator
from dataclasses import dataclass

from app.questions.fillers import FILLERS
from app.questions.tokens import Kind

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What a phrase does, and what it stands for. A loose one is told to the person as an assumption."""

    kind: Kind
    value: str = ""
    is_loose: bool = False


_MEASURES = {
    "revenue": "revenue; revenues; rev; sales; sale; turnover; income; takings; sales revenue; gross sales; top line",
    "cost": "cost; costs; spending; expense; expenses; expenditure; total cost; total costs; cogs; "
    "cost of goods; cost of goods sold",
    "profit": (
        "profit; profits; earnings; gross profit; bottom line; profit and loss; "
        "revenue minus cost; revenue minus costs; revenue less cost; revenue "
        "less costs; sales minus costs"
    ),
    "profit margin": "profit margin; profit margins; margin; margins; profitability; gross margin; gm; "
    "margin %; gross margin %; profit margin %; % margin; gm %",
    "units": "units; unit; volume; volumes; quantity; quantities; units sold; unit sales; sales volume; pieces; qty",
    "returned units": (
        "units were returned; units got returned; units have been returned; units are returned; returned units; "
        "returns; returned; units returned; refunds"
    ),
    "return rate": "; ".join(
        (
            "return rate; return rates; returned share; rate of returns; returns rate; rate of return",
            *(
                f"{share} of units {ending}"
                for share in ("percentage", "percent", "%", "share", "proportion", "fraction")
                for ending in ("returned", "were returned", "was returned", "are returned", "is returned")
            ),
        )
    ),
    "price per unit": (
        "asp; average selling price; "
        "price; prices; unit price; price per unit; revenue per unit; selling price; sales price; revenue divided by "
        "units"
    ),
    "profit per unit": "profit per unit; profits per unit; unit profit; unit margin; profit divided by units",
    "cost per unit": "cost per unit; unit cost; unit costs; costs per unit; cost divided by units",
}
_LOOSE_MEASURES = {
    "revenue": "net sales; performance; perform; performed; performing; performs",
    "profit": (
        "net profit; money; make money; made money; lose; loses; lost; loss; losses; losing; profitable; earn; earned; "
        "earns"
    ),
    "units": (
        "packs; packets; packages; sell; sells; selling; sold; seller; sellers; bestseller; bestsellers; popular; "
        "demand"
    ),
    "returned units": "return; sent back",
    "price per unit": "cheap; expensive; pricey",
}
_DIMENSIONS = {
    "region": "region; regions; regional; regionally; area; areas; territory; territories; where",
    "product": (
        "product; products; prod; item; items; goods; drink; drinks; article; articles; product line; product lines"
    ),
    "season": (
        "season; seasons; seasonal; seasonally; seasonality; seasonal pattern; seasonal patterns; time of year; "
        "times of year; time of the year"
    ),
    "month": "month; months; monthly; when",
    "quarter": "quarter; quarters; quarterly",
    "half": "half; halves; half year; half years; half yearly",
    "year": "year; years; yearly; annual; annually",
}
_PERCENT = {"percent": "percent; percentage; percentages; %; by how many percent; by what percentage"}
_GROWTH_UNITS = {
    unit: (
        f"{unit} over {unit}; {unit} on {unit}; {unit} to {unit}; than the {unit} before; than the previous {unit}; "
        f"than in the {unit} before; than in the previous {unit}; on the {unit} before; on the previous {unit}; "
        f"{short}; from one {unit} to the next; one {unit} to the next; from {unit} to {unit}"
    )
    for unit, short in (("month", "mom"), ("quarter", "qoq"), ("half", ""), ("year", "yoy"))
}
_MEMBER_PHRASES = {
    "North": "north; northern",
    "South": "south; southern",
    "East": "east; eastern",
    "West": "west; western",
    "Espresso": "espresso; espressos",
    "Filter": "filter; filters; filter coffee; filter coffees",
    "Cold Brew": "cold brew; cold brews; coldbrew",
    "Tea": "tea; teas",
}
_PARTS_OF_YEAR = {
    "quarter 1": "q1; first quarter; 1st quarter; quarter 1; quarter one",
    "quarter 2": "q2; second quarter; 2nd quarter; quarter 2; quarter two",
    "quarter 3": "q3; third quarter; 3rd quarter; quarter 3; quarter three",
    "quarter 4": "q4; fourth quarter; 4th quarter; final quarter; quarter 4; quarter four",
    "half 1": "h1; first half; 1st half; half 1; first half year; first six months",
    "half 2": "h2; second half; 2nd half; half 2; second half year",
}
_SEASONS = {
    "month 3 3": "spring; springtime",
    "month 6 3": "summer; summers; summertime",
    "month 9 3": "autumn; in fall; in the fall",
    "month 12 3": "winter; winters; wintertime",
}
"""The first month and how many there are."""
_TO_DATE = {"year": "year to date; ytd", "quarter": "quarter to date; qtd", "month": "month to date; mtd"}
_SAME = ("months", "month", "quarters", "quarter", "half", "period", "time", "season")
_YEAR_BEFORE = "; ".join(
    f"same {unit} {ending}"
    for unit in _SAME
    for ending in (
        *("last year", "of last year", "in last year", "the year before", "of the year before", "a year before"),
        *("a year ago", "a year earlier", "one year earlier", "previous year", "of the previous year"),
    )
)
_BOUNDS: dict[Kind, dict[str, str]] = {
    Kind.ABOVE: {
        "above": (
            "above; over; more than; exceed; exceeds; exceeded; exceeding; greater than; higher than; larger than; "
            "bigger than; stronger than; outsell; outsells; outsold"
        ),
        "better": (
            "beat; beats; better than; ahead of; outperform; outperforms; outperformed; surpass; surpasses; surpassed; "
            "overtake; overtakes; overtook; overtaken; pass; passes; passed"
        ),
        "at least": (
            "reach; reaches; reached; hit; hits; at least; no less than; not less than; not below; no fewer than; "
            "a minimum of"
        ),
    },
    Kind.BELOW: {
        "below": "below; under; less than; fewer than; lower than; smaller than; weaker than",
        "worse": "worse than; behind; trail; trails; lag behind; lags behind; underperform; underperforms",
        "at most": "at most; no more than; not more than; not above; not over; a maximum of",
    },
}
_AVERAGES = {
    "average": "average; averages; avg; mean; on average; averaged",
    "median": "median; medians; typical; typically",
}
_COUNTS = {"": "how many; number of", "often": "how often; how many times; always; ever"}
_OTHERS: dict[Kind, str] = {
    Kind.UNKNOWN: (
        "more than half; over half; less than half; under half; drop table; good; reverse; easter; "
        "the year before last; holiday season; high season; peak season; low season; christmas season"
    ),
    Kind.HIGH: (
        "top; highest; most; largest; biggest; max; maximum; greatest; strongest; fastest; quickest; faster; quicker; "
        "peak; peaked; "
        "leading; lead; leads; led; higher; larger; bigger; stronger; high"
    ),
    Kind.LOW: (
        "bottom; lowest; least; smallest; fewest; min; minimum; weakest; slowest; slower; lower; smaller; weaker; low"
    ),
    Kind.BEST: (
        "best; better; most successful; strongest performing; first place; rank first; ranks first; ranked first; come "
        "first; comes first; came first"
    ),
    Kind.WORST: (
        "worst; worse; poorest; weakest performing; last place; rank last; ranks last; ranked last; come last; comes "
        "last; came last"
    ),
    Kind.RISE: (
        "shift; shifts; shifted; "
        "jump; jumped; surge; surged; boost; boosted; growth; grow; grew; grown; grows; growing; increase; increased; "
        "increases; increasing; rise; rises; rose; risen; rising; gain; gained; gains; change; changed; changes; "
        "improve; improved; improvement; growth rate; climb; climbed; go up; goes up; went up; going up; gone up"
    ),
    Kind.FALL: (
        "plunge; plunged; slump; slumped; decline; declined; declines; declining; fall; falls; fell; fallen; falling; "
        "drop; drops; dropped; decrease; decreased; decreases; decreasing; shrink; shrank; shrunk; shrinking; worsen; "
        "worsened; go down; goes down; went down; going down; gone down"
    ),
    Kind.TREND: (
        "trend; trends; over time; develop; develops; developed; developing; development; evolve; evolved; evolution; "
        "course; time series; timeline; history; get worse; getting worse; got worse; get better; getting better; "
        "got better"
    ),
    Kind.SHARE: (
        "distribution; share; shares; proportion; proportions; fraction; portion; mix; contribution; contributions; "
        "contribute; contributes; contributed; percent of total; share of total; how much of; what part of; "
        "which part of; account for; accounts for; accounted for; make up; makes up; made up"
    ),
    Kind.RUNNING: (
        "running total; running totals; running sum; cumulative; cumulated; cumulatively; cumulative total; "
        "cumulative sum; accumulated; accumulate; accumulates"
    ),
    Kind.POINTS: "percentage points; percent points; percentage point; points; point; pp",
    Kind.OUTLIER: (
        "stand out; stands out; stood out; standing out; outlier; outliers; unusual; anomaly; anomalies; exceptional; "
        "spike; spikes; spiked; odd"
    ),
    Kind.COMPARE: (
        "compare; compared; compared to; compare to; comparison to; in comparison to; vis a vis; compares; comparing; "
        "comparison; versus; vs; against; than; difference; differences; differ; gap; spread; relative to; "
        "side by side; how much more; how many more; how much less; how many fewer; how much higher; "
        "how much lower; how much bigger"
    ),
    Kind.EXCLUDE: (
        "ex; excl; "
        "except; except for; excluding; exclude; excludes; without; other than; apart from; aside from; all but; "
        "everything but; every but; but not; but for; not including; not counting; leave out; leaving out; ignore; "
        "ignoring; minus; omit; omitting; outside; outside of; non; besides; everywhere but; "
        "everywhere except; anywhere but; anything but"
    ),
    Kind.NOT: "not; no; never; none; neither; nor; dont; doesnt; didnt; isnt; arent; wasnt; werent; cannot; cant; wont",
    Kind.BETWEEN: "between",
    Kind.TO: "to; till; through; thru; up to; to the end of; till the end of; through the end of; to end of",
    Kind.SINCE: (
        "since; starting; starting in; starting from; beginning in; as of; onwards; onward; since the start of; since "
        "the beginning of; from the start of; from the beginning of"
    ),
    Kind.UNTIL: "until; up until; until the end of; until end of; by the end of; by end of; up to the end of",
    Kind.AFTER: "after; later than; after the end of",
    Kind.BEFORE: "before; prior to; earlier than; until the start of; until the beginning of; before the start of",
    Kind.THIS: "this; current; ongoing",
    Kind.WHOLE_YEAR: "whole year; entire year; full year; complete year",
    Kind.YEAR_BEFORE: (
        "the year before; the year before that; a year ago; a year earlier; one year earlier; a year before; "
        f"{_YEAR_BEFORE}"
    ),
    Kind.RECENT: "last; latest; past; recent; most recent; previous; prior; preceding",
    Kind.NEXT: "next; coming; upcoming",
    Kind.EARLY: "first; earliest; initial",
    Kind.BY: "by; per; for each; for every; in each; in every; across; split by; broken down by",
    Kind.EACH: "each; every; evry",
    Kind.AND: "and; or; plus; as well as",
    Kind.SLIDE: "slide; slides",
    Kind.OTHERS: "other; others; rest; remaining; remainder",
    Kind.TOGETHER: "together; combined; taken together; in sum; jointly; sum of",
    Kind.OVERVIEW: (
        "overview; how are we doing; how did we do; how is business; how is the business; how is the company; "
        "how is it going; how are things; summarise everything; summarize everything"
    ),
    Kind.WHY: "why; reason; reasons; cause; causes; caused; because; explain; explanation",
    Kind.ADVICE: "should; shall; recommend; recommendation; advise; advice; ought",
    Kind.FUTURE: (
        "will; forecast; forecasts; predict; prediction; predicted; project; projected; projection; expect; expected; "
        "future; tomorrow"
    ),
    Kind.FILLER: FILLERS,
}
_CHARTS = {
    "line": "line chart; line charts; line graph; line graphs; line plot; lines",
    "bar": "bar chart; bar charts; bar graph; bar graphs; bars; column chart; column charts; columns",
    "area": "area chart; area charts; area graph; area plot",
}
_MONTHS = {
    f"month {number}": f"{month_name[number]}; {month_abbr[number]}{'; sept' if number == 9 else ''}".lower()
    for number in range(1, 13)
}
_WORDS_FOR_NUMBERS = {
    str(number): word
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
}
_ORDINALS = {"2": "second; 2nd; runner up", "3": "third; 3rd", "4": "fourth; 4th"}
_TABLES: tuple[tuple[Kind, dict[str, str]], ...] = (
    (Kind.NUMBER, _WORDS_FOR_NUMBERS),
    (Kind.NUMBER, _ORDINALS),
    (Kind.MEASURE, _MEASURES),
    (Kind.MEASURE, _LOOSE_MEASURES),
    (Kind.MEMBER, _MEMBER_PHRASES),
    (Kind.PART_OF_YEAR, _PARTS_OF_YEAR),
    (Kind.PART_OF_YEAR, _MONTHS),
    (Kind.PART_OF_YEAR, _SEASONS),
    (Kind.TO_DATE, _TO_DATE),
    (Kind.AVERAGE, _AVERAGES),
    (Kind.COUNT, _COUNTS),
    *_BOUNDS.items(),
    (Kind.CHART, _CHARTS),
    (Kind.DIMENSION, _DIMENSIONS),
    (Kind.RISE, _GROWTH_UNITS),
    (Kind.SHARE, _PERCENT),
)


def _spelt(words: str) -> Iterator[Phrase]:
    for phrase in words.split(";"):
        if phrase.strip():
            yield tuple(phrase.split())


def _entries() -> Iterator[tuple[Phrase, Meaning]]:
    """All phrases; of two meanings of one phrase the later one counts."""
    for kind, words in _OTHERS.items():
        yield from ((phrase, Meaning(kind)) for phrase in _spelt(words))
    for kind, table in _TABLES:
        for value, words in table.items():
            yield from ((phrase, Meaning(kind, value, table is _LOOSE_MEASURES)) for phrase in _spelt(words))


LEXICON: dict[Phrase, Meaning] = dict(_entries())
LONGEST = max(map(len, LEXICON))
_OFTEN_MISTYPED = (
    "average; between; compare; except; excluding; first; fourth; growth; highest; lowest; percent; percentage; "
    "previous; second; smallest; third; which; without"
)
_NAMES = {Kind.MEASURE, Kind.DIMENSION, Kind.MEMBER, Kind.PART_OF_YEAR}
CORRECTIONS = frozenset(_OFTEN_MISTYPED.split("; ")) | {
    phrase[0] for phrase, meaning in LEXICON.items() if len(phrase) == 1 and meaning.kind in _NAMES
}
"""Words that a typing error is likely to have been meant as."""
