#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of `novelty review` in a real browser, from a file and served.

usage: review_browser_test.py NOVELTY [KEPT_FOLDER]
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import review_recordings as recordings
from browser import Browser, missing

SKIPPED = 77
NOVELTY = sys.argv[1]
HOSTILE = "</script><img src=x onerror=alert(1)>'\"&%2e%2e"


def make_recordings(folder):
    """Five events: two clips of H.264, one of VP8, one that no browser plays, one whose clip is gone."""
    place = folder / "a b#1?ü"
    place.mkdir()
    recordings.make_clip(folder / "source.mp4")
    recordings.make_clip(folder / "source.webm")
    recordings.make_picture(folder / "source.jpg")
    made = (("h264.mp4", HOSTILE), ("again.mp4", "Gate"), ("vp8.webm", "Gate"), ("odd.mkv", "Gate"), ("gone.mp4", "Dock"))
    for number, (name, camera) in enumerate(made):
        utc = recordings.BEGIN + recordings.datetime.timedelta(hours=number)
        stem = name.split(".")[0]
        pictures = {"poster": f"{stem}_e.jpg", "poster_map": f"{stem}_e_map.jpg"} if number == 0 else {}
        event = {"peak_score": 60.0 - 10 * number, "peak_p_value": 2.5e-6, **pictures}
        path = recordings.write(place, recordings.sidecar(name, camera, utc, f"01{stem}", event=event))
        for picture in pictures.values():
            shutil.copy(folder / "source.jpg", place / picture)
        if name.startswith("odd"):
            path.write_bytes(b"no clip at all" * 100)
        elif not name.startswith("gone"):
            shutil.copy(folder / f"source{path.suffix}", path)
    for source in folder.glob("source.*"):
        source.unlink()


class Served:
    """`novelty review --serve`, and requests to it."""

    def __init__(self, folder):
        self.process = subprocess.Popen([NOVELTY, "review", str(folder), "--serve"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            words = self.process.communicate()[1]
            raise unittest.SkipTest(words) if "no libsoup" in words else AssertionError(words)
        self.port = int(self.address.split(":")[2].split("/")[0])
        self.token = self.address.split("/")[3]

    def ask(self, path, method="GET", host=None, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body and body.encode(), {"Host": host or f"127.0.0.1:{self.port}", **headers})
        answer = connection.getresponse()
        answer.text = answer.read()
        connection.close()
        return answer

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


class ReviewPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.made.name) / "recordings"
        cls.folder.mkdir()
        make_recordings(cls.folder)
        cls.written = subprocess.run([NOVELTY, "review", str(cls.folder)], check=True, capture_output=True, text=True)
        cls.browser = Browser().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.made.cleanup()

    def names(self):
        return self.browser.run("return shown.map((event) => event.lead.recording.file)")

    def choose(self, file):
        self.browser.run(f"choose(shown.find((event) => event.lead.recording.file === '{file}'))")

    def clip_plays(self, file):
        """Opens the event, and waits until the clip runs within its event."""
        self.choose(file)
        self.browser.wait("detail.video && detail.video.readyState > 1 && detail.video.currentTime > 1.1")
        self.assertEqual(self.browser.run("return detail.video.videoWidth"), 320)

    def test_1_from_a_file(self):
        browser = self.browser
        self.assertIn("5 events in 5 recordings", self.written.stdout)
        browser.open((self.folder / "review.html").as_uri())
        self.assertEqual(browser.run("return events.length"), 5)
        self.assertEqual(self.names(), ["gone.mp4", "odd.mkv", "vp8.webm", "again.mp4", "h264.mp4"])
        self.assertEqual(browser.run("return document.scripts.length"), 2)
        self.assertEqual(browser.complaints(), [])

        browser.run("byId('camera').value = 'Gate'; byId('sort').value = 'score'; update()")
        self.assertEqual(self.names(), ["again.mp4", "vp8.webm", "odd.mkv"])
        browser.run("setRange([events[0].utc - 1, events[0].utc + 1800000])")
        self.assertEqual(self.names(), ["again.mp4"])
        browser.run("byId('camera').value = ''; setRange(null); byId('rarity').value = '1e-6'; update()")
        self.assertEqual(self.names(), [])
        browser.run("byId('rarity').value = '1'; update()")

        self.clip_plays("h264.mp4")
        self.assertEqual(browser.run("return byId('title').textContent"), HOSTILE)
        self.assertIn("one normal frame in 400,000", browser.run("return byId('rarity-words').textContent"))
        self.assertEqual(browser.run("return byId('curve').querySelectorAll('.line, .threshold, .own, .cursor').length"), 4)
        browser.press(" ")
        browser.wait("detail.video.paused")
        browser.run("detail.seek(5000)")
        browser.wait("Math.abs(byId('curve').querySelector('.cursor').x1.baseVal.value - detail.curve.xOf(5000)) < 1")
        browser.run("[...byId('views').children].find((view) => view.textContent === 'Anomaly map').click()")
        browser.wait("byId('stage').querySelector('img').naturalWidth === 320")
        self.clip_plays("vp8.webm")
        self.assertEqual(browser.complaints(), [])
        self.choose("odd.mkv")
        browser.wait("byId('stage').textContent.includes('cannot play odd.mkv')")

        self.choose("h264.mp4")
        browser.press("n")
        browser.press("\ue015")  # arrow down
        browser.press("n")
        self.assertEqual(browser.run("return marks.count"), 2)
        browser.press("u")
        self.assertEqual(browser.run("return marks.count"), 1)
        self.choose("gone.mp4")
        browser.press("n")
        self.assertEqual(browser.run("return marks.count"), 1)
        browser.run("byId('save').click()")
        feedback = json.loads(browser.downloaded("feedback.json"))
        self.assertEqual([entry["path"] for entry in feedback["recordings"]], ["a b#1?ü/h264.mp4"])
        self.assertEqual(feedback["recordings"][0]["normal"], [{"event_id": "01h264", "begin_ns": 3 * 10**9, "end_ns": 7 * 10**9}])

    def test_2_served(self):
        browser, served = self.browser, Served(self.folder)
        try:
            browser.open(served.address)
            self.clip_plays("h264.mp4")
            self.clip_plays("vp8.webm")
            self.assertEqual(browser.complaints(), [])
            browser.press("n")
            browser.wait("marks.state === 'saved'")
            feedback = json.loads((self.folder / "feedback.json").read_text())
            self.assertEqual([entry["path"] for entry in feedback["recordings"]], ["a b#1?ü/vp8.webm"])
            browser.open(served.address)
            self.assertEqual(browser.run("return marks.count"), 1)
            self.refuses_others(served)
            self.gives_ranges(served)
        finally:
            self.assertEqual(served.stop(), 0)

    def refuses_others(self, served):
        inside, here = f"/{served.token}/", f"http://127.0.0.1:{served.port}"
        status = lambda *arguments, **more: served.ask(*arguments, **more).status
        self.assertEqual(status(inside), 200)
        for path in ("/", "/0123456789abcdef/", f"/{served.token}", f"/{served.token}x/"):
            self.assertEqual(status(path), 403, path)
        self.assertEqual(status(inside, host="example.org"), 403)
        self.assertEqual(status(inside, host=f"example.org:{served.port}"), 403)
        self.assertEqual(status(inside, Origin="http://example.org"), 403)
        for name in ("review.html", "../review.html", "%2e%2e/x", "a%20b%231%3F%C3%BC/h264.json", "none.mp4"):
            self.assertIn(status(inside + name), (403, 404), name)
        text = (self.folder / "feedback.json").read_text()
        post = lambda body, **headers: status(inside + "feedback.json", "POST", body=body, **headers)
        json_type = {"Content_Type": "application/json"}
        self.assertEqual(post(text, **json_type), 403)
        self.assertEqual(post(text, Origin="http://example.org", **json_type), 403)
        self.assertEqual(post(text, Origin=here, Content_Type="text/plain"), 415)
        self.assertEqual(post("{}", Origin=here, **json_type), 400)
        self.assertEqual(post(text.replace("a b#1", "../a b#1"), Origin=here, **json_type), 400)
        self.assertEqual(post("x" * (17 << 20), Origin=here, **json_type), 413)
        self.assertEqual(post(text, Origin=here, **json_type), 200)
        self.assertEqual((self.folder / "feedback.json").read_text(), text)

    def gives_ranges(self, served):
        path = f"/{served.token}/a%20b%231%3F%C3%BC/h264.mp4"
        whole = (self.folder / "a b#1?ü" / "h264.mp4").read_bytes()
        answer = served.ask(path)
        self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "video/mp4"))
        self.assertEqual(answer.text, whole)
        for asked, begin, end in (("bytes=0-9", 0, 10), ("bytes=100-", 100, len(whole)), ("bytes=-7", len(whole) - 7, len(whole))):
            answer = served.ask(path, Range=asked)
            self.assertEqual(answer.status, 206, asked)
            self.assertEqual(answer.getheader("Content-Range"), f"bytes {begin}-{end - 1}/{len(whole)}")
            self.assertEqual(answer.text, whole[begin:end])
        self.assertEqual(served.ask(path, Range=f"bytes={len(whole)}-").status, 416)
        self.assertEqual(served.ask(path, "HEAD").getheader("Content-Length"), str(len(whole)))


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"{reason} (apt-get install chromium chromium-driver)")
        sys.exit(SKIPPED)
    os.environ.pop("DISPLAY", None)
    unittest.main(argv=sys.argv[:1], verbosity=2)
