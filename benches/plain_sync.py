#!/usr/bin/env python3
"""What a plain script does: reads a Mailchimp account page by page and puts every row into SQLite.

It keeps no cursor, knows nothing twice, checks nothing, and starts anew each time. `engaged sync` is measured
beside it on the same server: plain_sync.py BASE KEY DATABASE COUNT_FILE
"""

import sqlite3
import sys

try:
    import requests

    session = requests.Session()

    def get(url, params):
        return session.get(url, params=params).json()

except ImportError:
    import base64
    import json
    import urllib.parse
    import urllib.request

    session = None

    def get(url, params):
        request = urllib.request.Request(url + "?" + urllib.parse.urlencode(params))
        token = base64.b64encode(("x:" + key).encode()).decode()
        request.add_header("Authorization", "Basic " + token)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


base, key, database, count_file = sys.argv[1:]
if session is not None:
    session.auth = ("x", key)


def rows(path, name, fields):
    offset = 0
    while True:
        page = get(base + path, {"count": 1000, "offset": offset, "fields": fields + ",total_items"})
        yield page[name]
        offset += len(page[name])
        if offset >= page["total_items"] or not page[name]:
            return


db = sqlite3.connect(database)
db.execute("create table member (id text, email text, status text, fields text, tags text)")
db.execute("create table event (email text, at text, kind text, campaign text, url text)")

for audiences in rows("/lists", "lists", "lists.id"):
    for audience in audiences:
        fields = "members.id,members.email_address,members.status,members.merge_fields,members.tags"
        for page in rows("/lists/%s/members" % audience["id"], "members", fields):
            db.executemany(
                "insert into member values (?, ?, ?, ?, ?)",
                [(m["id"], m["email_address"], m["status"], str(m["merge_fields"]), str(m["tags"])) for m in page],
            )
            db.commit()

events = 0
for reports in rows("/reports", "reports", "reports.id,reports.send_time"):
    for report in reports:
        campaign, path = report["id"], "/reports/%s/" % report["id"]

        def put(found):
            global events
            events += len(found)
            db.executemany("insert into event values (?, ?, ?, ?, ?)", found)
            db.commit()

        for page in rows(path + "sent-to", "sent_to", "sent_to.email_address"):
            put([(row["email_address"], report["send_time"], "send", campaign, None) for row in page])
        for page in rows(path + "open-details", "members", "members.email_address,members.opens"):
            put([(row["email_address"], o["timestamp"], "open", campaign, None) for row in page for o in row["opens"]])
        for page in rows(path + "email-activity", "emails", "emails.email_address,emails.activity"):
            put([
                (row["email_address"], deed["timestamp"], deed["action"], campaign, deed.get("url"))
                for row in page
                for deed in row["activity"]
                if deed["action"] != "open"
            ])
        for page in rows(path + "unsubscribed", "unsubscribes", "unsubscribes.email_address,unsubscribes.timestamp"):
            put([(row["email_address"], row["timestamp"], "unsubscribe", campaign, None) for row in page])

with open(count_file, "w") as out:
    out.write(str(events))
