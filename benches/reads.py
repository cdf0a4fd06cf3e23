"""Asks reads of the API one after the other over one connection: p50 and p99 in thousandths of a second, client included;
and the bound under which 99 of 100 stayed by the server's own measure (`nhip_http_request_seconds`).

    nhip demo --rate 20 --events 1300000 --listen 127.0.0.1:7660
    python3 benches/reads.py 7660 [TIMES]

It exists so that figures of `baselines.md` can be taken again. Not a test: it asserts nothing.
"""

import http.client
import json
import re
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
        before = buckets(get("/metrics")[1].decode())
        for _ in range(times):
            status, body, milliseconds = get(path.format(**named))
            assert status == 200, (path, body)
            took.append(milliseconds)
            time.sleep(PAUSE_SECONDS)
        took.sort()
        p50, p99 = took[times // 2], took[times * 99 // 100]
        after = buckets(get("/metrics")[1].decode())
        print(f"{name:40} {len(body):9} bytes  p50 {p50:7.2f}  p99 {p99:7.2f}  {served(before, after, times)}")


def buckets(metrics):
    """By route and bound in seconds: how many answers with content stayed under it."""
    pattern = re.compile(r'nhip_http_request_seconds_bucket\{route="([^"]+)",status="2xx",le="([^"]+)"\} (\d+)')
    found = (pattern.match(line) for line in metrics.splitlines() if "seconds_bucket" in line)
    return {(match[1], float(match[2].replace("+Inf", "inf"))): int(match[3]) for match in found if match}


def served(before, after, times):
    """How the server saw the reads between two looks at its metrics: of the one route that was asked so often."""
    asked = {key: count - before.get(key, 0) for key, count in after.items() if key[0] != "/metrics"}
    routes = {route for (route, bound), count in asked.items() if bound == float("inf") and count >= times}
    assert len(routes) == 1, routes
    of_route = sorted((bound, count) for (route, bound), count in asked.items() if route in routes)
    total = of_route[-1][1]
    bound = next(bound for bound, count in of_route if count >= total * 0.99)
    fast = next(count for bound, count in of_route if bound >= 0.002)
    return f"server: 99 % within {bound * 1000:g} ms, {fast / total:.1%} within 2 ms"


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
