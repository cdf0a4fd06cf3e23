"""Decoding checked member by member: what is refused, what is taken, what is kept."""
import json
import unittest

import spoiled
from decoding import Event, Rejected, decode
from instants import format_instant, parse_instant


class Decoding(unittest.TestCase):
    LINE = json.dumps({"id": "1", "source": "/s", "type": "dossier.fee_set", "subject": "H",
                       "time": "2026-03-01T00:00:00Z", "data": {"fee_vnd": 5}}).encode()

    def test_every_spoiled_member_is_rejected(self):
        decode(self.LINE)
        for kind, data in spoiled.BAD_DATA:
            with self.subTest(kind=kind, data=data), self.assertRaises(Rejected):
                decode(spoiled.with_members(self.LINE, type=kind, data=data))
        for time in spoiled.BAD_TIMES:
            with self.subTest(time=time), self.assertRaises(Rejected):
                decode(spoiled.with_members(self.LINE, time=time))

    def test_json_is_taken_strictly(self):
        halves = (b'"\\ud800"', b'"\\ude00\\ud83d"', b'"\\ud83dx\\ude00"')
        for wrong in (*halves, b"NaN", b"01", b"'a'", b'"\xff"', b'"\x01"'):
            with self.subTest(wrong=wrong), self.assertRaises(Rejected):
                decode(self.LINE[:-1] + b',"x":' + wrong + b"}")
        for right in (b'"\\ud83d\\ude00"', b'"\\\\ud800"', b'"\\\\\\ud83d\\ude00"', b"-1.5e3", b'"\\u0000"'):
            self.assertIsInstance(decode(self.LINE[:-1] + b',"x":' + right + b"}"), Event)

    def test_the_last_of_repeated_members_counts_and_minus_zero_is_zero(self):
        twice = self.LINE[:-1] + b',"data":{"fee_vnd":-0}}'
        self.assertEqual(decode(twice).data, {"fee_vnd": 0})
        with self.assertRaises(Rejected):
            decode(self.LINE[:-1] + b',"data":null}')

    def test_kept_data_is_canonical(self):
        line = spoiled.with_members(self.LINE, type="dossier.accepted", data={
            "procedure": "T", "officer": "Ô\n", "agency": "C", "due_at": "2026-03-01t07:00:00.1500000009+07:00",
            "parts": {**spoiled.PARTS, "x": 1}, "fee_vnd": None, "phone": "0",
        })
        self.assertEqual(decode(line).kept.decode(), (
            '{"agency":"C","due_at":"2026-03-01T00:00:00.15Z","officer":"Ô\\n",'
            '"parts":{"digitised":2,"from_portal_store":0,"reused":1,"total":4},"procedure":"T"}'
        ))
        paused = spoiled.with_members(self.LINE, type="dossier.paused", data={"reason": "other"})
        stopped = spoiled.with_members(self.LINE, type="dossier.stopped", data={"reason": "other"})
        self.assertEqual((decode(paused).kept, decode(stopped).kept), (b'{"reason":"other"}', b"{}"))
        agency = {"name": "x", "kind": "unit", "valid_from": "2026-03-01", "predecessors": []}
        line = spoiled.with_members(self.LINE, type="agency.defined", data=agency)
        self.assertIn(b'"valid_from":"2026-02-28T17:00:00Z"', decode(line).kept)

    def test_instants_reach_from_the_year_0_to_9999_and_are_cut_to_the_nanosecond(self):
        self.assertEqual(parse_instant("1970-01-01T00:00:01.1234567899Z"), 1_123_456_789)
        self.assertEqual(format_instant(parse_instant("9999-12-31T23:59:59+00:00"), 0, "Z"), "9999-12-31T23:59:59Z")
        self.assertEqual(format_instant(parse_instant("0001-01-01T00:00:00-00:00"), 0, "Z"), "0001-01-01T00:00:00Z")
        self.assertEqual(format_instant(parse_instant("2000-02-29T23:59:59-23:59"), 0, "Z"), "2000-03-01T23:58:59Z")


if __name__ == "__main__":
    unittest.main()
