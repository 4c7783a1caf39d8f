// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Loads the page again where one of its scripts could not be loaded, as while the server restarts or the network changes: nothing else runs then.
addEventListener("error", (event) => {
  if (!(event.target instanceof HTMLScriptElement)) return;
  const starting = document.getElementById("starting");
  if (starting) starting.textContent = "The page could not be loaded. Trying again…";
  setTimeout(() => location.reload(), 3000);
}, true);
