-- Copyright 2026 The Meeting Recording Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- How Argo CD judges a MeetingRecording or a RecordingPipeline: by the same conditions as kstatus, and so as Flux and
-- kubectl wait do. docs/how-to/gitops.md lists what comes of it. It uses no library but Lua's base, which is all that Argo CD gives.

local function condition(name)
  for _, found in ipairs((obj.status or {}).conditions or {}) do
    if found.type == name then
      return found
    end
  end
  return nil
end

local function is(found)
  return found ~= nil and found.status == "True"
end

local function judged(status, found)
  return { status = status, message = found.reason .. ": " .. found.message }
end

local observed = (obj.status or {}).observedGeneration
if observed ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not acted on the object as it is now" }
end

local ready = condition("Ready")
if is(condition("Stalled")) then
  return judged("Degraded", condition("Stalled"))
end
if ready == nil then
  return { status = "Progressing", message = "The operator has not judged the object yet" }
end
if is(ready) then
  return judged("Healthy", ready)
end
if ready.reason == "Suspended" and not is(condition("Reconciling")) then
  return judged("Suspended", ready)
end
return judged("Progressing", ready)
