"""Definitions of procedures in force, their decisions and publications: 1.1, 1.2 and 1.3."""
from instants import day_start, local_day
from decoding import PUBLISHED_PARTS
from working_time import NoCalendar


class Procedures:
    def __init__(self, facts):
        self.events = facts.family("procedure")

    def _of_type(self, code, *types):
        return [event for event in self.events.get(code, []) if event.type in types]

    def definition_at(self, code, instant_asked):
        defined = self._of_type(code, "procedure.defined")
        in_force = [event for event in defined if event.time <= instant_asked] or defined[:1]
        return in_force[-1].data if in_force else None

    def current(self, before):
        """Current definitions, by code, of the procedures not repealed just before an instant."""
        today = local_day(before - 1)
        definitions = {}
        for code in self.events:
            defined = self._of_type(code, "procedure.defined")
            announced = self._of_type(code, "procedure.announced")
            repealed = (
                announced
                and announced[-1].data["kind"] == "repealed"
                and announced[-1].data["legal_effective_on"] <= today
            )
            if defined and not repealed:
                definitions[code] = defined[-1].data
        return definitions

    def decisions(self, code, asked, cut):
        for event in self._of_type(code, "procedure.announced"):
            begins = day_start(event.data["decided_on"])
            if asked.start <= begins < asked.end and begins < cut:
                yield event.data

    def publicity(self, asked, cut, calendar):
        """Numerator and denominator of 1.1, 1.2 and 1.3, for the province."""
        counts = {"1.1": [0, 0], "1.2": [0, 0], "1.3": [0, 0]}
        for code in self.events:
            decisions = list(self.decisions(code, asked, cut))
            publications = [event.data for event in self._of_type(code, "procedure.published")]
            judges = {
                "1.1": lambda decision: announced_in_time(decision, calendar),
                "1.2": lambda decision: published_in_time(decision, publications, cut, calendar),
            }
            for indicator, judge in judges.items():
                if not decisions:
                    continue
                try:
                    verdicts = [judge(decision) for decision in decisions]
                except NoCalendar:
                    continue
                counts[indicator][0] += all(verdicts)
                counts[indicator][1] += 1
            shown = self._of_type(code, "procedure.published", "procedure.unpublished")
            if shown and shown[-1].type == "procedure.published":
                counts["1.3"][0] += set(shown[-1].data["parts"]) == set(PUBLISHED_PARTS)
                counts["1.3"][1] += 1
        return {indicator: tuple(pair) for indicator, pair in counts.items()}


def announced_in_time(decision, calendar):
    return decision["decided_on"] <= calendar.nth_working_day(decision["legal_effective_on"], 5, -1)


def published_in_time(decision, publications, cut, calendar):
    last_day = calendar.nth_working_day(decision["decided_on"], 5, 1)
    days = [
        publication["published_on"]
        for publication in publications
        if publication.get("decision") == decision["decision"]
        or ("decision" not in publication and publication["published_on"] >= decision["decided_on"])
    ]
    return min(days) <= last_day if days else cut <= day_start(last_day + 1)
