"""Many viewers of a running server: the live stream while events come in, and the leader page opened by many at once.

    nhip serve --listen 127.0.0.1:7660 --data DIR
    python3 benches/viewers.py 7660 PID [VIEWERS] [EVENTS_A_SECOND] [SECONDS]

Tells a made-up province first (`nhip simulate`, NHIP_BIN), then holds VIEWERS streams open while dossiers are accepted at
the rate. Delay: from the instant at which a batch was due to be posted to the message whose version holds it, at each viewer. The client shares the
machine and its cores: its delay is in the figures, and its own share of the processor is told. It exists so that figures
of `baselines.md` can be taken again. Not a test: it asserts nothing.
"""

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import time
from array import array
from bisect import bisect_left

PORT, PID = int(sys.argv[1]), int(sys.argv[2])
VIEWERS, RATE, SECONDS = (int(sys.argv[place]) if len(sys.argv) > place else usual for place, usual in ((3, 1000), (4, 1000), (5, 30)))
OPENED, AT_ONCE = 500, 500
POSTS_A_SECOND = 10
# What a browser fetches for the leader page before it shows figures.
PAGE = ["/", "/assets/style.css", "/assets/js/main.js", "/api/v1/ranking"]


def resident():
    with open(f"/proc/{PID}/status") as told:
        return next(int(line.split()[1]) // 1024 for line in told if line.startswith("VmRSS"))


def processor():
    with open(f"/proc/{PID}/stat") as told:
        fields = told.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(path, method="GET", body=b"", kind="application/json"):
    """Seconds to the first byte and to the last, and the body."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=1 << 24)
    head = f"{method} {path} HTTP/1.1\r\nhost: nhip\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    first = await reader.read(1)
    at_first = time.perf_counter() - began
    rest = await reader.read(-1)
    writer.close()
    whole = first + rest
    assert whole.startswith(b"HTTP/1.1 20"), (path, whole[:300])
    return at_first, time.perf_counter() - began, whole.split(b"\r\n\r\n", 1)[1]


async def post(events):
    answer = (await ask("/api/v1/events", "POST", json.dumps(events).encode(), "application/cloudevents-batch+json"))[2]
    # The answer may come in chunks: only the number is wanted.
    return int(re.search(rb'"version":\s*(\d+)', answer).group(1))


class Viewer:
    """What one viewer has seen: the version of each message and when it came."""

    def __init__(self):
        self.versions, self.times, self.bytes = array("Q"), array("d"), 0

    async def view(self, ready, stop):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=1 << 24)
        writer.write(b"GET /api/v1/stream HTTP/1.1\r\nhost: nhip\r\n\r\n")
        while not stop.is_set():
            line = await reader.readline()
            if not line:
                raise RuntimeError("a stream ended")
            self.bytes += len(line)
            if line.startswith(b"id:"):
                self.times.append(time.perf_counter())
                self.versions.append(int(re.search(rb"(\d+)\s*$", line).group(1)))
                if len(self.versions) == 1:
                    ready.release()
        writer.close()

    def delays(self, posts):
        for version, start in posts:
            place = bisect_left(self.versions, version)
            if place < len(self.times):
                yield self.times[place] - start


def tell_past():
    binary = os.environ["NHIP_BIN"]
    made = subprocess.run([binary, "simulate", "--events", "60000", "--orderly", "--from", time.strftime("%Y-%m-01", time.gmtime()), "--until", time.strftime("%Y-%m-%d")], capture_output=True, check=True)
    subprocess.run([binary, "replay", "-", "--to", "http", "--server", f"http://127.0.0.1:{PORT}"], input=made.stdout, check=True)


def share(sorted_numbers, hundredth):
    return sorted_numbers[min(len(sorted_numbers) - 1, len(sorted_numbers) * hundredth // 100)] * 1000


async def one_post(events, due, posts, posted):
    """Due when the clock says, whether the server is done with the one before or not."""
    posts.append((await post(events), due))
    posted.append(time.perf_counter() - due)


async def follow():
    units = [row["code"] for row in json.loads((await ask("/api/v1/ranking"))[2])["rows"] if row["kind"] == "commune"]
    all_viewers, ready, stop = [Viewer() for _ in range(VIEWERS)], asyncio.Semaphore(0), asyncio.Event()
    before = resident()
    viewers = [asyncio.create_task(viewer.view(ready, stop)) for viewer in all_viewers]
    for _ in range(VIEWERS):
        await ready.acquire()
    print(f"{VIEWERS} viewers: resident {before} MB before, {resident()} MB with them")
    before_it = sum(viewer.bytes for viewer in all_viewers), sum(len(viewer.times) for viewer in all_viewers)
    began, worked, ours = time.perf_counter(), processor(), time.process_time()
    number, posted, posts, posting = 0, [], [], []
    for beat in range(SECONDS * POSTS_A_SECOND):
        await asyncio.sleep(max(0, began + beat / POSTS_A_SECOND - time.perf_counter()))
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 1))
        events = []
        for _ in range(RATE // POSTS_A_SECOND):
            number += 1
            events.append({"specversion": "1.0", "id": f"v{PID}-{number}", "source": "/bench", "type": "dossier.accepted", "subject": f"V{number}", "time": now, "data": {"agency": units[number % len(units)], "procedure": "1.000001", "officer": "CB-100-0001"}})
        posting.append(asyncio.create_task(one_post(events, began + beat / POSTS_A_SECOND, posts, posted)))
    await asyncio.gather(*posting)
    sent = time.perf_counter() - began
    await asyncio.sleep(6)
    took = time.perf_counter() - began
    stop.set()
    for viewer in viewers:
        viewer.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    delays = sorted(delay for viewer in all_viewers for delay in viewer.delays(posts))
    told = sum(viewer.bytes for viewer in all_viewers) - before_it[0], sum(len(viewer.times) for viewer in all_viewers) - before_it[1]
    print(f"{number} events taken in {sent:.1f} s, {len(delays)} sightings of {len(posts) * VIEWERS}, {told[1] / took:.0f} messages/s, {told[0] / took / 1e6:.1f} MB/s")
    print(f"delay p50 {share(delays, 50):.0f} ms, p99 {share(delays, 99):.0f} ms, max {delays[-1] * 1000:.0f} ms; post p99 {share(sorted(posted), 99):.0f} ms")
    print(f"resident {resident()} MB after; processor: server {(processor() - worked) / took:.2f}, this client {(time.process_time() - ours) / took:.2f} cores; load {os.getloadavg()[0]:.1f}")


async def opened():
    gate = asyncio.Semaphore(AT_ONCE)

    async def one():
        async with gate:
            began = time.perf_counter()
            first = (await ask(PAGE[0]))[0]
            await asyncio.gather(*(ask(path) for path in PAGE[1:]))
            return first, time.perf_counter() - began

    took = await asyncio.gather(*(one() for _ in range(OPENED)))
    firsts, wholes = sorted(first for first, _ in took), sorted(whole for _, whole in took)
    print(f"{OPENED} viewers open / at once: first byte p50 {share(firsts, 50):.0f} ms, p99 {share(firsts, 99):.0f} ms; page, style, script and ranking p50 {share(wholes, 50):.0f} ms, p99 {share(wholes, 99):.0f} ms; resident {resident()} MB")


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
tell_past()
asyncio.run(opened())
asyncio.run(follow())
