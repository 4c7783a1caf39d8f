// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What is shown in place of the list: loading, signed out, forbidden, no answer.
import { el } from "./dom.js";
import { canICommand, tokenCommand } from "./links.js";
import { command } from "./pieces.js";

// loading shows where the list will be.
export function loading() {
  const bars = Array.from({ length: 6 }, () => el("div", { class: "bone" }));
  return el("div", { class: "loading", "aria-busy": "true" }, el("p", { class: "unseen", role: "status" }, "Loading the recordings…"), bars);
}

// signedOut asks for a token. submit(token) throws where it is not taken.
export function signedOut({ ended, submit }) {
  const problem = el("p", { class: "problem", id: "sign-in-problem", role: "alert" });
  const token = el("input", { id: "token", name: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "token-hint sign-in-problem" });
  const button = el("button", { class: "primary", type: "submit" }, "Sign in");
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await submit(token.value.trim());
    } catch (error) {
      problem.textContent = error.status === 401 ? "The cluster does not accept this token. It may be incomplete or expired." : `Signing in failed: ${error.message}.`;
      token.setAttribute("aria-invalid", "true");
      token.focus();
      token.select();
    } finally {
      button.disabled = false;
    }
  };
  return gate("Sign in", ended ? "Your session ended. Sign in again to continue where you were." : "You see the recordings that you may read in the cluster.",
    el("form", { class: "form", action: ".", method: "post", on: { submit: send } },
      el("label", { for: "token" }, "Bearer token"), token, problem, button),
    el("div", { class: "hint", id: "token-hint" },
      el("p", {}, "A token for this page, of a ServiceAccount with the role ", el("code", {}, "view"), ":"),
      command(tokenCommand, "the command that makes a token")));
}

// forbidden tells who may not see what, and lets them choose another namespace.
export function forbidden({ user, namespace, error, choose, leave }) {
  const input = el("input", { id: "other-namespace", name: "namespace", value: namespace, autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const send = (event) => { event.preventDefault(); choose(input.value.trim()); };
  return gate("You may not see these recordings",
    `${user || "This token"} may not read the recordings ${namespace ? `in the namespace ${namespace}` : "of all namespaces"}.`,
    el("p", { class: "problem" }, error),
    el("form", { class: "form", action: ".", on: { submit: send } },
      el("label", { for: "other-namespace" }, "Show another namespace"), input,
      el("div", { class: "buttons" }, el("button", { class: "primary", type: "submit" }, "Show"), el("button", { class: "quiet", type: "button", on: { click: leave } }, "Sign in with another token"))),
    el("div", { class: "hint" }, el("p", {}, "An administrator can check someone's permissions:"), command(canICommand(namespace, user), "the command that checks permissions")));
}

// noAnswer tells that the list could not be had.
export function noAnswer({ error, retry }) {
  return gate("No answer from the server", `The recordings could not be loaded: ${error}.`,
    el("div", { class: "buttons" }, el("button", { class: "primary", type: "button", on: { click: retry } }, "Try again")));
}

function gate(title, lead, ...content) {
  return el("section", { class: "gate", "aria-labelledby": "gate-title" }, el("h2", { id: "gate-title", tabindex: "-1" }, title), el("p", { class: "lead" }, lead), ...content);
}

// emptyList tells why the list shows nothing.
export function emptyList({ filtered, clear }) {
  if (filtered) {
    return el("div", { class: "empty" }, el("h2", {}, "No recording matches"), el("p", {}, "Matching recordings appear here when they arrive."),
      el("button", { class: "quiet", type: "button", on: { click: clear } }, "Clear the filters"));
  }
  return el("div", { class: "empty" }, el("h2", {}, "No recordings yet"),
    el("p", {}, "A recording appears here when its first webhook arrives. If one is missing, read the sidecar's log:"),
    command("kubectl -n meeting-recording-system logs deploy/meeting-recording-operator -c sidecar", "the command that shows the sidecar's log"));
}
