// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Which addresses become links or media, and the commands that a person may want. Pure.

// webURL returns an absolute http or https URL, or null for anything else, such as s3://, file:// or javascript:.
export function webURL(text) {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const url = new URL(text);
  return (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password ? url.href : null;
}

// mediaAllowed says whether the page may load a URL as a picture or a player: it is of one of the sources, which are those of the
// Content-Security-Policy (https://media.example.com, https://*.example.com:8443).
export function mediaAllowed(text, sources) {
  const href = webURL(text);
  if (!href) return false;
  const url = new URL(href);
  return sources.some((source) => {
    const [, scheme, wild, host, port] = /^(https?):\/\/(\*\.)?([^:/]+)(?::(\d+))?$/.exec(source) ?? [];
    if (!scheme) return false;
    const effective = (protocol, p) => p || (protocol === "https:" ? "443" : "80");
    const upgraded = scheme === "http" && url.protocol === "https:" && !port;
    if (url.protocol !== `${scheme}:` && !upgraded) return false;
    if (!upgraded && effective(url.protocol, url.port) !== effective(`${scheme}:`, port)) return false;
    return wild ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
  });
}

// kindOf tells how an output can be shown: image, video, audio or other.
export function kindOf(mediaType = "") {
  const kind = mediaType.split("/")[0];
  if (["image", "video", "audio"].includes(kind)) return kind;
  return /^application\/(vnd\.apple\.mpegurl|x-mpegurl)/i.test(mediaType) ? "video" : "other";
}

// logsURL fills in the server's template for logs. It is null where there is no template or no Job.
export function logsURL(template, namespace, job) {
  if (!template || !job) return null;
  return webURL(template.replaceAll("{namespace}", encodeURIComponent(namespace)).replaceAll("{job}", encodeURIComponent(job)));
}

// Names of Kubernetes need no quotes in a shell; anything else does not become part of a command.
const plain = (name) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name);

// logsCommand and describeCommand return a command for a terminal, or "".
export const logsCommand = (namespace, job) => (plain(namespace) && plain(job ?? "") ? `kubectl -n ${namespace} logs job/${job} --all-containers` : "");
export const describeCommand = (namespace, name) => (plain(namespace) && plain(name) ? `kubectl -n ${namespace} describe mrec ${name}` : "");
export const tokenCommand = "kubectl -n NAMESPACE create token SERVICEACCOUNT --audience=meeting-recording-events --duration=8h";
// canICommand asks the cluster as an administrator, since the page's token is not for the API server.
export const canICommand = (namespace, user = "") =>
  `kubectl auth can-i list meetingrecordings.recording.meetingops.dev ${plain(namespace) ? `-n ${namespace}` : "--all-namespaces"} --as=${user.split(":").every(plain) ? user : "USER"}`;
