#!/usr/bin/env python3
"""Sets up the owner of a fresh Ghost and a custom integration, and writes its key (id:secret) to a file."""
import http.cookiejar, json, os, sys, urllib.request

site = f"http://127.0.0.1:{os.environ['PORT']}"
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
PASSWORD = "Zq7-harbor-lantern-52"  # of a server that lives for one test on loopback


def call(method, path, body=None):
    headers = {"Content-Type": "application/json", "Origin": site, "Accept-Version": "v5.0"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{site}/ghost/api/admin{path}", method=method, data=data, headers=headers)
    with opener.open(request) as answer:
        text = answer.read()
        return json.loads(text) if text[:1] in b"{[" else text.decode()


call("POST", "/authentication/setup/", {"setup": [{"name": "Owner", "email": "owner@example.com", "password": PASSWORD, "blogTitle": "Test"}]})
call("POST", "/session/", {"username": "owner@example.com", "password": PASSWORD})
answer = call("POST", "/integrations/?include=api_keys", {"integrations": [{"name": "engaged"}]})
key = next(key for key in answer["integrations"][0]["api_keys"] if key["type"] == "admin")
with open(sys.argv[1], "w") as file:
    os.chmod(sys.argv[1], 0o600)
    file.write(key["secret"])
