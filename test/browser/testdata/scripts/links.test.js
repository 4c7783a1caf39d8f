// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { canICommand, describeCommand, kindOf, logsCommand, logsURL, mediaAllowed, webURL } from "/assets/links.js";
import { formatRoute, parseRoute } from "/assets/route.js";
import { equal, test } from "./test.js";

test("only web addresses become links", () => {
  for (const [text, want] of [["https://cdn.example.com/a.mp4", "https://cdn.example.com/a.mp4"], ["http://x/a", "http://x/a"], ["HTTPS://X/a", "https://x/a"], ["javascript:alert(1)", null], [" javascript:alert(1)", null],
    ["data:text/html,x", null], ["s3://bucket/a", null], ["file:///a", null], ["/a", null], ["", null], [undefined, null], ["https://user:secret@example.com/", null]]) equal(webURL(text), want, String(text));
});

test("media is of the hosts that the policy names", () => {
  const sources = ["https://media.example.com", "http://localhost:9000", "https://*.cdn.example.com", "http://plain.example.com"];
  for (const [url, want] of [["https://media.example.com/a", true], ["https://media.example.com:443/a", true], ["https://media.example.com:8443/a", false], ["http://media.example.com/a", false],
    ["https://evil-media.example.com/a", false], ["https://media.example.com.evil.com/a", false], ["https://a.cdn.example.com/x", true], ["https://cdn.example.com/x", false], ["http://localhost:9000/a", true],
    ["http://localhost/a", false], ["https://plain.example.com/a", true], ["s3://media.example.com/a", false]]) equal(mediaAllowed(url, sources), want, url);
  equal(mediaAllowed("https://media.example.com/a", []), false);
});

test("an output is shown by its media type", () => {
  equal(["image/png", "video/mp4", "audio/ogg", "application/vnd.apple.mpegurl", "application/json", "", undefined].map(kindOf), ["image", "video", "audio", "video", "other", "other", "other"]);
});

test("the address of a log is made of names only", () => {
  equal(logsURL("https://logs.example.com/{namespace}/{job}?q={job}", "ns", "job-1"), "https://logs.example.com/ns/job-1?q=job-1");
  equal(logsURL("https://logs.example.com/{namespace}/{job}", "ns", "a/../b"), "https://logs.example.com/ns/a%2F..%2Fb");
  equal([logsURL("", "ns", "job"), logsURL("https://logs.example.com/{job}", "ns", undefined)], [null, null]);
});

test("commands are made of names only", () => {
  equal(logsCommand("ns", "job-1"), "kubectl -n ns logs job/job-1 --all-containers");
  equal(describeCommand("ns", "a-63e1"), "kubectl -n ns describe mrec a-63e1");
  equal([logsCommand("ns", "a; rm -rf /"), logsCommand("ns", undefined), describeCommand("$(x)", "a"), describeCommand("ns", "-n")], ["", "", "", ""]);
  equal([canICommand("ns").includes("-n ns"), canICommand("").includes("--all-namespaces"), canICommand("a b").includes("a b")], [true, true, false]);
  equal([canICommand("ns", "system:serviceaccount:ns:a").endsWith(" --as=system:serviceaccount:ns:a"), canICommand("ns", "a; rm -rf /").endsWith(" --as=USER"), canICommand("ns").endsWith(" --as=USER")], [true, true, true]);
});

test("an address and what it shows are the same thing", () => {
  const filter = { namespace: "ns", meeting: "a&b", state: "attention", text: "x y/z?" };
  for (const route of [{ filter, recording: null }, { filter: { namespace: "", meeting: "", state: "", text: "" }, recording: { namespace: "ns", name: "a-63e1" } }, { filter, recording: { namespace: "ns", name: "a" } }]) {
    equal(parseRoute(formatRoute(route)), route);
  }
});

test("an address that makes no sense shows the list", () => {
  for (const hash of ["", "#", "#/", "#//", "#/only", "#/a/b/c", "#/%E0%A4%A/x", "#/?state=nonsense"]) {
    const { filter, recording } = parseRoute(hash);
    equal([filter.state, recording], ["", null], hash);
  }
});
