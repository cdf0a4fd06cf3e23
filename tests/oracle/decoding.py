"""From a line of a file to an event, or to a rejection with the field at fault."""
import gzip
import json
import re
from dataclasses import dataclass

from instants import DATE, day_start, format_instant, parse_date, parse_instant, parse_period


class Rejected(Exception):
    def __init__(self, at, reason):
        super().__init__(f"{at or '-'}: {reason}")
        self.field, self.reason = at, reason


@dataclass
class Event:
    id: str
    source: str
    type: str
    subject: str
    time: int
    recorded: int | None
    data: dict  # decoded: instants in nanoseconds, dates as day numbers
    kept: bytes  # canonical JSON of what the system keeps

    @property
    def order(self):
        return (self.time, self.source, self.id)


# A kind of field is a function from the JSON value to (value to compute with, value to keep). It raises ValueError.


def string(value):
    if type(value) is not str:
        raise ValueError("not a string")
    return value, value


def boolean(value):
    if type(value) is not bool:
        raise ValueError("not a boolean")
    return value, value


def integer(value):
    if type(value) is not int or not 0 <= value <= 2**53 - 1:
        raise ValueError("not an integer from 0 to 2^53 - 1")
    return value, value


def positive(value):
    if integer(value)[0] == 0:
        raise ValueError("a duration of 0")
    return value, value


def instant(value):
    parsed = parse_instant(string(value)[0])
    return parsed, format_instant(parsed, 0, "Z")


def validity(value):
    if type(value) is str and DATE.fullmatch(value):
        parsed = day_start(parse_date(value))
        return parsed, format_instant(parsed, 0, "Z")
    return instant(value)


def date(value):
    return parse_date(string(value)[0]), value


def period(value):
    return parse_period(string(value)[0]).text, value


def anything(value):
    return value, value


def one_of(*allowed):
    def decode(value):
        if string(value)[0] not in allowed:
            raise ValueError("not in the list")
        return value, value

    return decode


def list_of(kind):
    def decode(value):
        if type(value) is not list:
            raise ValueError("not a list")
        for item in value:
            kind(item)
        return value, value

    return decode


def members(**kinds):
    def decode(value):
        if type(value) is not dict:
            raise ValueError("not an object")
        decoded = {}
        for name, kind in kinds.items():
            if value.get(name) is None:
                raise ValueError(f"{name} is missing")
            decoded[name] = kind(value[name])[0]
        return decoded, decoded

    return decode


CHANNEL = one_of("online", "counter", "post")
PAUSE = one_of("financial_duty", "other_agency", "other")
PUBLISHED_PARTS = ("name", "steps", "method", "documents", "duration", "subjects", "agency")
PARTS = members(total=integer, digitised=integer, reused=integer, from_portal_store=integer)
DURATION = members(value=positive, unit=one_of("working_day", "working_hour", "day"))

# A name that ends in `?` is optional.
TYPES = {
    "dossier.submitted": {
        "procedure": string, "agency": string, "channel": CHANNEL,
        "applicant?": one_of("citizen", "business", "organisation"), "on_behalf?": boolean, "bundle?": string,
    },
    "dossier.accepted": {
        "procedure": string, "agency": string, "officer": string, "channel?": CHANNEL, "due_at?": instant,
        "fee_vnd?": integer, "parts?": PARTS, "population_data?": boolean,
    },
    "dossier.refused": {"reason?": string, "officer?": string},
    "dossier.assigned": {"officer": string, "agency?": string, "step?": string, "step_due_at?": instant},
    "dossier.supplement_requested": {"officer?": string, "reason?": string},
    "dossier.supplement_received": {"due_at?": instant},
    "dossier.paused": {"reason": PAUSE},
    "dossier.resumed": {"reason": PAUSE, "due_at?": instant},
    "dossier.due_changed": {"due_at": instant, "reason": string, "letter?": string},
    "dossier.part_digitised": {"count": integer, "reused?": integer, "from_portal_store?": integer},
    "dossier.fee_set": {"fee_vnd": integer},
    "dossier.paid": {
        "amount_vnd": integer, "method": one_of("portal", "gateway", "cash", "transfer"), "on_behalf?": boolean,
    },
    "dossier.processed": {"outcome": one_of("granted", "rejected"), "result_digital": boolean, "officer?": string},
    "dossier.result_attached": {},
    "dossier.returned": {"channel?": CHANNEL},
    "dossier.withdrawn": {"reason?": string},
    "dossier.stopped": {"reason": string},
    "dossier.reopened": {"reason": string},
    "dossier.closed": {},
    "dossier.synced": {"message": one_of("dossier", "progress"), "accepted": boolean},
    "dossier.rated": {"satisfied": boolean, "aspects?": anything},
    "dossier.apologised": {"letter": string, "new_due_at?": instant},
    "dossier.deleted": {"reason": string},
    "event.retracted": {"id": string, "source?": string},
    "procedure.defined": {
        "name": string, "field?": string, "levels": list_of(one_of("province", "commune")), "agency": string,
        "duration?": DURATION, "online": one_of("none", "partial", "full"), "full_eligible": boolean,
        "paper_result": boolean, "fee": boolean, "payment_integrated": boolean, "for_citizens": boolean,
    },
    "procedure.announced": {
        "decision": string, "decided_on": date, "legal_effective_on": date,
        "kind": one_of("new", "amended", "repealed"),
    },
    "procedure.published": {"decision?": string, "published_on": date, "parts": list_of(one_of(*PUBLISHED_PARTS))},
    "procedure.unpublished": {},
    "petition.received": {
        "agency": string, "about": one_of("regulation", "conduct"), "dossier?": string, "officer?": string,
        "via": one_of("direct", "transferred"),
    },
    "petition.transferred": {"agency": string},
    "petition.refused": {},
    "petition.supplement_requested": {},
    "petition.answered": {},
    "petition.published": {},
    "petition.rated": {"satisfied": boolean},
    "agency.defined": {
        "name": string, "name_en?": string, "kind": one_of("province", "department", "district", "commune", "unit"),
        "parent?": string, "valid_from?": validity, "valid_to?": validity, "predecessors?": list_of(string),
    },
    "officer.defined": {
        "name": string, "agency": string, "position?": string, "valid_from?": validity, "valid_to?": validity,
    },
    "portal.reported": {"period": period, "received": integer},
    "certified_copy.served": {"count": integer},
    "source.heartbeat": {},
}

EARLIEST = parse_instant("2000-01-01T00:00:00Z")
LATEST = parse_instant("2100-01-01T00:00:00Z")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")


class NotInteger:
    """A JSON number written with a fraction, an exponent, or so long that it is far beyond 2^53."""

    def __init__(self, text):
        pass


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def has_half_a_pair(text):
    """Is there an escaped surrogate without its partner? (Backslashes occur only inside the strings of valid JSON.)"""
    awaited = None  # where the low half must begin
    for found in ESCAPE.finditer(text):
        code = int(found[1], 16) if found[1] else 0
        low = 0xDC00 <= code <= 0xDFFF
        if (awaited is not None) != low or (low and found.start() != awaited):
            return True
        awaited = found.end() if 0xD800 <= code <= 0xDBFF else None
    return awaited is not None


def parse_json(line):
    if len(line) > 1024 * 1024:
        raise Rejected(None, "longer than 1 MiB")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(None, "not UTF-8") from None
    try:
        value = json.loads(
            text,
            parse_int=lambda digits: int(digits) if len(digits) <= 20 else NotInteger(digits),
            parse_float=NotInteger,
            parse_constant=refuse_constant,
        )
    except (ValueError, RecursionError):
        raise Rejected(None, "not JSON") from None
    if has_half_a_pair(text):
        raise Rejected(None, "half a surrogate pair")
    if type(value) is not dict:
        raise Rejected(None, "not an object")
    return value


def decode_data(type_name, value):
    if value is None:
        value = {}
    if type(value) is not dict:
        raise Rejected("data", "not an object")
    data, kept = {}, {}
    for spec, kind in TYPES[type_name].items():
        name = spec.rstrip("?")
        given = value.get(name)
        if given is None:
            if spec == name:
                raise Rejected(f"data.{name}", "missing")
            continue
        try:
            data[name], to_keep = kind(given)
        except ValueError as error:
            raise Rejected(f"data.{name}", str(error)) from None
        free_text = name == "aspects" or (name == "reason" and kind is not PAUSE)
        if not free_text:
            kept[name] = to_keep
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return data, text.encode("utf-8")


def decode(line):
    envelope = parse_json(line)
    for name in ("id", "source", "type", "subject", "time"):
        if type(envelope.get(name)) is not str or not envelope[name]:
            raise Rejected(name, "missing, empty or no string")
    if envelope["type"] not in TYPES:
        raise Rejected("type", "unknown")
    try:
        time = parse_instant(envelope["time"])
    except ValueError as error:
        raise Rejected("time", str(error)) from None
    if not EARLIEST <= time < LATEST:
        raise Rejected("time", "outside 2000..2100")
    recorded = envelope.get("recordedtime")
    if recorded is not None:
        try:
            recorded = instant(recorded)[0]
        except ValueError as error:
            raise Rejected("recordedtime", str(error)) from None
    data, kept = decode_data(envelope["type"], envelope.get("data"))
    return Event(
        envelope["id"], envelope["source"], envelope["type"], envelope["subject"], time, recorded, data, kept
    )


def lines_of(path):
    opened = gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb")
    with opened as file:
        content = file.read()
    content = content.removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(content.split(b"\n"), start=1):
        line = line.removesuffix(b"\r")
        if line.strip(b" \t\r"):
            yield number, line


def read_files(paths):
    """All understood events, and the rejections as (path, line number, Rejected)."""
    events, rejections = [], []
    for path in paths:
        for number, line in lines_of(path):
            try:
                events.append(decode(line))
            except Rejected as rejected:
                rejections.append((path, number, rejected))
    return events, rejections
