"""Lines that must be rejected, one way each, made from a line that is in order. Used by the generator."""
import json


def with_members(line, **members):
    event = json.loads(line)
    for name, value in members.items():
        if value is ...:
            event.pop(name, None)
        else:
            event[name] = value
    return json.dumps(event, ensure_ascii=False).encode("utf-8")


def with_data(line, **members):
    event = json.loads(line)
    data = event.get("data") or {}
    return with_members(line, data={**data, **members})


BAD_TIMES = [
    "2026-03-01T00:00:00", "2026-03-01", "2026-03-01 00:00:00Z", "2026-03-01T24:00:00Z", "2026-06-30T23:59:60Z",
    "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-03-01T00:00:00.Z",
    "2026-03-01T00:00:00+24:00",
    "2026-03-01T00:00:00+07:60", "2026-03-01T00:00:00+0700", "2026-03-01T00:00Z", "2026-3-1T00:00:00Z",
    "1999-12-31T23:59:59.999999999Z",
    "2100-01-01T00:00:00Z", "2100-01-01T06:59:00+06:59", "1999-12-31T23:59:59+23:59", " 2026-03-01T00:00:00Z",
    "2026-03-01T00:00:00Z ", "+2026-03-01T00:00:00Z", "2026-03-01T00:00:00,5Z", "٢٠٢٦-03-01T00:00:00Z", "",
    "2026-03-01T00:60:00Z", "2026-03-01T00:00:61Z", "20260301T000000Z", "2026-W10-1T00:00:00Z", 1772298000, None, True,
]
REQUIRED = ["id", "source", "type", "subject", "time"]
UNKNOWN_TYPES = ["dossier.unknown", "Dossier.accepted", "dossier.accepted ", "accepted", "event.retracted.x"]
# (type, data) that are each refused for one member.
ACCEPTED = {"procedure": "T1", "agency": "C1", "officer": "O1"}
PARTS = {"total": 4, "digitised": 2, "reused": 1, "from_portal_store": 0}
ANNOUNCED = {"decision": "1", "decided_on": "2026-03-01", "legal_effective_on": "2026-03-30", "kind": "new"}
DEFINED = {
    "name": "x", "levels": ["commune"], "agency": "P", "online": "full", "full_eligible": True, "paper_result": True,
    "fee": True, "payment_integrated": True, "for_citizens": True,
}
BAD_DATA = [
    ("dossier.accepted", {"procedure": "T1", "agency": "C1"}),
    ("dossier.accepted", {**ACCEPTED, "officer": None}),
    ("dossier.accepted", {**ACCEPTED, "officer": 5}),
    ("dossier.accepted", {**ACCEPTED, "channel": "Online"}),
    ("dossier.accepted", {**ACCEPTED, "channel": ""}),
    ("dossier.accepted", {**ACCEPTED, "due_at": "2026-03-01"}),
    ("dossier.accepted", {**ACCEPTED, "due_at": 5}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": 5000.0}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": 5e3}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": -1}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": True}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": "5"}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": 2**53}),
    ("dossier.accepted", {**ACCEPTED, "fee_vnd": 10**40}),
    ("dossier.accepted", {**ACCEPTED, "parts": []}),
    ("dossier.accepted", {**ACCEPTED, "parts": {**PARTS, "reused": None}}),
    ("dossier.accepted", {**ACCEPTED, "parts": {"total": 4}}),
    ("dossier.accepted", {**ACCEPTED, "parts": {**PARTS, "total": 4.0}}),
    ("dossier.accepted", {**ACCEPTED, "population_data": 1}),
    ("dossier.accepted", {**ACCEPTED, "population_data": "true"}),
    ("dossier.submitted", {"procedure": "T1", "agency": "C1"}),
    ("dossier.submitted", {"procedure": "T1", "agency": "C1", "channel": "online", "applicant": "person"}),
    ("dossier.submitted", {"procedure": "T1", "agency": "C1", "channel": "online", "bundle": 5}),
    ("dossier.refused", {"reason": 5}),
    ("dossier.refused", {"officer": False}),
    ("dossier.assigned", {"officer": "O1", "step_due_at": "soon"}),
    ("dossier.assigned", None),
    ("dossier.supplement_received", {"due_at": "2026-03-01T00:00:00"}),
    ("dossier.paused", {}),
    ("dossier.paused", {"reason": "holiday"}),
    ("dossier.resumed", {"reason": "other", "due_at": ""}),
    ("dossier.due_changed", {"due_at": "2026-03-01T00:00:00Z"}),
    ("dossier.due_changed", {"reason": "x"}),
    ("dossier.due_changed", {"due_at": "2026-03-01T00:00:00Z", "reason": "x", "letter": 12}),
    ("dossier.part_digitised", {"count": True}),
    ("dossier.part_digitised", {"count": 1, "reused": True}),
    ("dossier.fee_set", {"fee_vnd": None}),
    ("dossier.paid", {"amount_vnd": 1, "method": "card"}),
    ("dossier.processed", {"outcome": "granted"}),
    ("dossier.processed", {"outcome": "granted", "result_digital": "yes"}),
    ("dossier.stopped", {}),
    ("dossier.reopened", {"reason": None}),
    ("dossier.deleted", None),
    ("dossier.synced", {"message": "dossier", "accepted": 1}),
    ("dossier.rated", {}),
    ("dossier.rated", {"satisfied": 0}),
    ("dossier.apologised", {"new_due_at": "2026-03-01T00:00:00Z"}),
    ("dossier.apologised", {"letter": "1", "new_due_at": False}),
    ("event.retracted", {}),
    ("event.retracted", {"id": 5}),
    ("event.retracted", {"id": "5", "source": []}),
    ("procedure.defined", {**DEFINED, "levels": "commune"}),
    ("procedure.defined", {**DEFINED, "levels": ["commune", "district"]}),
    ("procedure.defined", {**DEFINED, "levels": [None]}),
    ("procedure.defined", {**DEFINED, "online": "FULL"}),
    ("procedure.defined", {**DEFINED, "fee": None}),
    ("procedure.defined", {**DEFINED, "duration": {"value": 0, "unit": "day"}}),
    ("procedure.defined", {**DEFINED, "duration": {"value": 1.0, "unit": "day"}}),
    ("procedure.defined", {**DEFINED, "duration": {"value": 1, "unit": "month"}}),
    ("procedure.defined", {**DEFINED, "duration": {"value": 1}}),
    ("procedure.defined", {**DEFINED, "duration": 5}),
    ("procedure.announced", {**ANNOUNCED, "decided_on": "2026-02-30"}),
    ("procedure.announced", {**ANNOUNCED, "decided_on": "2026-03-01T00:00:00Z"}),
    ("procedure.announced", {**ANNOUNCED, "legal_effective_on": "30/03/2026"}),
    ("procedure.announced", {**ANNOUNCED, "kind": "old"}),
    ("procedure.published", {"published_on": "2026-03-01", "parts": ["title"]}),
    ("procedure.published", {"published_on": "2026-03-01"}),
    ("procedure.published", {"published_on": "2026-3-1", "parts": []}),
    ("petition.received", {"agency": "C1", "about": "conduct"}),
    ("petition.received", {"agency": "C1", "about": "other", "via": "direct"}),
    ("petition.received", {"agency": "C1", "about": "conduct", "via": "direct", "dossier": 7}),
    ("petition.transferred", {}),
    ("petition.rated", {"satisfied": "no"}),
    ("agency.defined", {"name": "x", "kind": "ward"}),
    ("agency.defined", {"name": "x", "kind": "commune", "parent": 5}),
    ("agency.defined", {"name": "x", "kind": "commune", "valid_from": "2026-02-29"}),
    ("agency.defined", {"name": "x", "kind": "commune", "valid_to": "2026-01"}),
    ("agency.defined", {"name": "x", "kind": "commune", "valid_to": 0}),
    ("agency.defined", {"name": "x", "kind": "commune", "predecessors": "C2"}),
    ("agency.defined", {"name": "x", "kind": "commune", "predecessors": ["C2", 5]}),
    ("agency.defined", {"kind": "commune"}),
    ("officer.defined", {"name": "x"}),
    ("officer.defined", {"name": "x", "agency": "C1", "position": ["x"]}),
    ("portal.reported", {"period": "2026-13", "received": 5}),
    ("portal.reported", {"period": "2026-Q5", "received": 5}),
    ("portal.reported", {"period": "2026-H0", "received": 5}),
    ("portal.reported", {"period": "26", "received": 5}),
    ("portal.reported", {"period": "2026-1", "received": 5}),
    ("portal.reported", {"period": "2026-q1", "received": 5}),
    ("portal.reported", {"period": "2026-10-01", "received": 5}),
    ("portal.reported", {"period": "2026-10", "received": 5.5}),
    ("certified_copy.served", {"count": -1}),
    ("certified_copy.served", {}),
]


def spoil(random, line, event):
    text = line.strip()
    kind, bad = random.choice(BAD_DATA)
    ways = [
        lambda: text[: random.randint(1, max(1, len(text) - 1))],
        lambda: text + b"}",
        lambda: text + b"," + text,
        lambda: b"\xef\xbb\xbf" + text,
        lambda: text[:-1] + b',"x":["\\udc00"]}',
        lambda: text[:-1] + b',"x":NaN}',
        lambda: text[:-1] + b',"x":-Infinity}',
        lambda: text[:-1] + b',"x":01}',
        lambda: text[:-1] + b',"x":1.}',
        lambda: text[:-1] + b',"x":\'a\'}',
        lambda: text[:-1] + b',"x":"\t"}',
        lambda: text[:-1] + b',"x":"\\x41"}',
        lambda: text[:-1] + b',"x":1,}',
        lambda: text[:-1] + b',"x":"\xff"}',
        lambda: text[:-1] + b',"x":"\xed\xa0\x80"}',
        lambda: text[:-1] + b',"subject":"\\ud800"}',
        lambda: text[:-1] + b',"subject":"\\ude00\\ud83d"}',
        lambda: text[:-1] + b',"data":"' + b"a" * random.choice([5, 1024 * 1024]) + b'"}',
        lambda: random.choice([b"null", b"[]", b"5", b'"x"', b"[" + text + b"]", b"{}", b"{", b"\x00"]),
        lambda: with_members(line, **{random.choice(REQUIRED): random.choice([..., None, "", 5, [], True])}),
        lambda: with_members(line, time=random.choice(BAD_TIMES)),
        lambda: with_members(line, time=random.choice(BAD_TIMES)),
        lambda: with_members(line, type=random.choice(UNKNOWN_TYPES)),
        lambda: with_members(line, data=random.choice([[], "x", 5, True])),
        lambda: with_members(line, recordedtime=random.choice(["", "2026-03-01", 5, "2026-03-01T00:00:60Z", False])),
    ] + [lambda: with_members(line, type=kind, data=bad)] * 24
    if random.random() < 0.5:
        return with_members(line, type=kind, data=bad)
    return random.choice(ways)()
