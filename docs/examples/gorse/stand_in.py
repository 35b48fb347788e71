#!/usr/bin/env python3
"""Answers as a Gorse that holds a small lending library, for docs/tutorials/from_gorse.md: users, items and feedback, page by page.

    stand_in.py PORT
"""
import http.server
import json
import random
import sys
import urllib.parse

SUBJECTS = ("history", "gardening", "crime", "poetry")
draw = random.Random(3)
USERS = [{"UserId": f"member{i}", "Labels": {"branch": draw.choice(("north", "south"))}, "Comment": ""} for i in range(80)]
ITEMS = [{"ItemId": f"book{i}", "IsHidden": i == 7, "Categories": [SUBJECTS[i % 4]], "Timestamp": "2025-03-01T00:00:00Z",
          "Labels": {"subject": SUBJECTS[i % 4], "pages": draw.randint(80, 900)}, "Comment": f"Book {i} of {SUBJECTS[i % 4]}"}
         for i in range(120)]
FEEDBACK = [{"FeedbackType": draw.choice(("read", "read", "star")), "UserId": one["UserId"], "ItemId": f"book{book}", "Value": 0,
             "Timestamp": f"2025-0{draw.randint(4, 9)}-{draw.randint(10, 28)}T12:00:00Z", "Comment": ""}
            for i, one in enumerate(USERS) for book in draw.sample(range(i % 4, 120, 4), 12)]
TABLES = {"/api/users": ("Users", USERS), "/api/items": ("Items", ITEMS), "/api/feedback": ("Feedback", FEEDBACK)}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(path.query))
        if path.path not in TABLES:
            self.send_error(404)
            return
        member, rows = TABLES[path.path]
        begin, count = int(query.get("cursor") or 0), min(int(query.get("n", 10)), 50)
        following = str(begin + count) if begin + count < len(rows) else ""
        body = json.dumps({"Cursor": following, member: rows[begin:begin + count]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
