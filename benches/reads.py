"""Asks reads of the API one after the other over one connection: p50 and p99 in thousandths of a second, client included.

    nhip demo --rate 20 --events 1300000 --listen 127.0.0.1:7660
    python3 benches/reads.py 7660 [TIMES]

It exists so that figures of `baselines.md` can be taken again. Not a test: it asserts nothing.
"""

import http.client
import json
import sys
import time

PAUSE_SECONDS = 0.005
READS = {
    "an answer that costs nothing (/livez)": "/livez",
    "ranking": "/api/v1/ranking",
    "indicators": "/api/v1/indicators",
    "scores of all agencies": "/api/v1/scores",
    "scores of officers, a page of 200": "/api/v1/scores?by=officer",
    "scores of all officers, 2,000": "/api/v1/scores?by=officer&limit=2000",
    "list of a commune": "/api/v1/lists?unit={commune}&indicator={indicator}&part=den",
    "list of a department": "/api/v1/lists?unit={department}&indicator={indicator}&part=den",
    "list of an officer": "/api/v1/lists?unit={officer}&by=officer&indicator={indicator}&part=den",
    "list of the province, a page of 100": "/api/v1/lists?unit={province}&indicator={indicator}&part=den&period={year}&limit=100",
    "list of the province, a page of 2,000": "/api/v1/lists?unit={province}&indicator={indicator}&part=den&period={year}&limit=2000",
    "a dossier": "/api/v1/subjects/{dossier}",
    "history": "/api/v1/history?unit={province}",
}


def main():
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 200

    def get(path):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, body, (time.perf_counter() - began) * 1000

    def read(path):
        return json.loads(get(path)[1])

    named = names(read)
    for name, path in READS.items():
        took = []
        for _ in range(times):
            status, body, milliseconds = get(path.format(**named))
            assert status == 200, (path, body)
            took.append(milliseconds)
            time.sleep(PAUSE_SECONDS)
        took.sort()
        p50, p99 = took[times // 2], took[times * 99 // 100]
        print(f"{name:40} {len(body):9} bytes  p50 {p50:7.2f}  p99 {p99:7.2f}")


def names(read):
    """A unit of each kind in the middle of its kind, an officer and a dossier of theirs."""
    ranking = read("/api/v1/ranking")
    units = sorted(ranking["rows"], key=lambda row: row["received"])
    of_kind = lambda kind: [row["code"] for row in units if row["kind"] == kind]
    officers = sorted(read("/api/v1/scores?by=officer&limit=2000")["units"], key=lambda row: row["received"])
    indicator = next(one["code"] for one in read("/api/v1/indicators")["indicators"] if one["officers"])
    communes, departments = of_kind("commune"), of_kind("department")
    commune = communes[len(communes) // 2]
    listed = read(f"/api/v1/lists?unit={commune}&indicator={indicator}&part=den")
    print(len(units), "agencies,", len(officers), "officers")
    return {
        "province": of_kind("province")[0],
        "department": departments[len(departments) // 2],
        "commune": commune,
        "officer": officers[len(officers) // 2]["code"],
        "indicator": indicator,
        "dossier": listed["subjects"][0],
        "year": ranking["period"][:4],
    }


main()
