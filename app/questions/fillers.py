"""Words that ask for nothing: nobody misses one of them that was not used."""

from __future__ import annotations

FILLERS = (
    "distributed; by size; by value; by amount; sorted by size; descending; saw; so high; too high; very high; "
    "so low; too low; very low; this high; a; an; the; of; in; for; on; at; with; within; during; as; into; is; are; "
    "was; were; be; been; being; do; does; did; done; doing; has; have; had; having; it; its; that; these; those; "
    "there; what; whats; which; how; how much; how about; what about; how high; how low; much; many; me; my; we; "
    "our; ours; us; i; you; your; they; their; them; show; shows; showing; give; gives; tell; see; display; present; "
    "presentation; list; please; pls; can; could; would; may i; may we; like; want; need; let; make; made; makes; "
    "create; build; prepare; generate; draw; plot; put; deck; decks; chart; charts; graph; graphs; diagram; report; "
    "summary; summarise; summarize; breakdown; break; broken; split; splits; down; up; total; totals; in total; "
    "overall; altogether; sum; all; entire; whole; figure; figures; number; numbers; amount; amounts; value; values; "
    "data; company; business; result; results; hello; hi; hey; thanks; thank; thank you; ok; okay; now; then; just; "
    "only; also; too; more; less; fewer; very; really; got; get; gets; come; comes; came; go; goes; going; went; "
    "look; looks; looking; about; regarding; concerning; so; so far; but; well; by far; by the way; find; out; know; "
    "question; any; some; roastery; individual; individually; respectively; both; same; respective; different; vary; "
    "varies; generated; generates; achieve; achieved; rank; ranked; ranking; sort; sorted; rate; per cent; single; "
    "everything; everywhere; anything; euro; euros; eur; new; wich; use; using; combination; "
    "combinations; unfiltered; without any filter; without any filters; without filters; here; ever; fast; actually; "
    "start over; start again; start afresh; new question; new deck; sorry; meant; teh; hte; from; which one; "
    "back to; which ones; this one; that one; the one; instead; again; quick; quickly; brief; briefly; boss; wants; "
    "wanted; how far; bring; brings; brought"
)
