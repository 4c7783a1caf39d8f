// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// receiver are bugs of the outbox, the spool, the recorder and the lifecycle.
var receiver = []mutant{
	{"reordered failing batch", "internal/outbox/write.go", "q.entries = append(kept, q.entries[len(batch):]...)", "q.entries = append(q.entries[len(batch):], kept...)"},
	{"what could not be written is dropped", "internal/outbox/write.go", "failure = cmp.Or(failure, err)\n\t\t\tkept = append(kept, e)", "failure = cmp.Or(failure, err)"},
	{"new events are written before those on disk", "internal/outbox/write.go", "append(loaded, q.entries...), len(loaded)", "append(q.entries, loaded...), len(loaded)"},
	{"a failed session is not tried again", "internal/outbox/write.go", "\to.delay(q, delay)\n", ""},
	{"what is written is left on disk", "internal/outbox/write.go", "case e.stored:\n\t\t\to.Spool.Remove(q.key, e.id)", "case e.stored:"},
	{"what is written before it is on disk is left there", "internal/outbox/store.go", "\t\tif e.isDone {\n\t\t\to.Spool.Remove(q.key, e.id)\n\t\t}\n", ""},
	{"a full disk is no error", "internal/outbox/store.go", "o.notStored(entries, err)\n\t\t} else", "_ = err\n\t\t} else"},
	{"an event is answered twice as one on disk", "internal/outbox/store.go", "if e.id != 0 || e.answered {", "if e.answered {"},
	{"what is on disk is not due", "internal/outbox/store.go", "\tcase !o.SpoolFirst:\n\t\tq.timer = nil\n\tcase q.timer == nil:\n\t\to.delay(q, gatherDelay)\n\t}\n\to.settle(q)", "\tcase !o.SpoolFirst:\n\t\tq.timer = nil\n\t}"},
	{"breaker fed by replays", "internal/outbox/health.go", "tellNamespace, err := namespace[f].Allow()", "tellNamespace, err := namespace[direct].Allow()"},
	{"nobody asks whether the circuit breaker may close", "internal/outbox/queue.go", "o.probe.Reset(openFor)\n", ""},
	{"a session on disk is forgotten", "internal/outbox/queue.go", "case len(q.entries) == 0 && !o.isOnDisk(q):", "case len(q.entries) == 0:"},
	{"a replay is not counted off", "internal/outbox/write.go", "\tif f == replay {\n\t\to.replays--\n\t}\n", ""},
	{"a busy session is written twice at once", "internal/outbox/queue.go", "\tcase q.busy, o.queues[q.key] != q:", "\tcase o.queues[q.key] != q:"},
	{"the spool is not read at the start", "internal/outbox/outbox.go", "\to.wake()\n\treturn err", "\treturn err"},
	{"an event does not wait for those on disk", "internal/outbox/outbox.go", "isBehind := q.isStoring() || o.isOnDisk(q)", "isBehind := false"},
	{"a slow event is not spooled", "internal/outbox/outbox.go", "if o.Spool != nil {\n\t\to.store(q)\n\t\treturn\n\t}", "if o.Spool == nil {\n\t\to.store(q)\n\t\treturn\n\t}"},
	{"a removal is not written", "internal/spool/log.go", "if r.State == Removed || r.State == Dead {", "if r.State == Dead {"},
	{"the second record of a session replaces the first", "internal/spool/index.go", "case !isKnown, head.id == id:", "case !isKnown, id >= head.id:"},

	{"unknown status field", "internal/recorder/patch.go", "merged := maps.Clone(raw)", "merged := map[string]any{}"},
	{"a patch tests nothing", "internal/recorder/apiserver.go", `patch = append([]operation{{Op: "test", Path: recordingPath, Value: read.RawRecording}}, patch...)`, ""},
	{"a file revives a recording that was processed", "internal/recorder/apiserver.go", `if revives && read.Processing != "" {`, "if false {"},
	{"a name that is taken counts as created", "internal/recorder/apiserver.go", "err = ErrChanged\n\t}\n\treturn nil, fmt.Errorf(\"create", "return s.Get(ctx, session, segment, false)\n\t}\n\treturn nil, fmt.Errorf(\"create"},
	{"a stale read is not confirmed", "internal/recorder/writer.go", "if needsFreshRead && len(chain) > 0 && !j.fresh {", "if needsFreshRead && len(chain) > 0 && j.fresh {"},
	{"a batch forgets its own events", "internal/recorder/writer.go", "segments[write.Segment-1].Status = write.Status", "_ = segments"},
	{"a conflict is an error at once", "internal/recorder/writer.go", "j.fresh = true {", "j.fresh = false {"},
	{"a session has at most one recording", "internal/recorder/writer.go", "if !lifecycle.NeedsNext(segment, events...) {", "if true {"},
	{"one event of a batch counts for all", "internal/recorder/writer.go", "j.written = append(j.written, Written{Outcome: outcome})\n\t}\n", "j.written = append(j.written, Written{Outcome: outcome})\n\t}\n\tfor len(j.written) < len(j.events) {\n\t\tj.written = append(j.written, Written{})\n\t}\n"},

	{"failure on the previous recording", "internal/lifecycle/rules.go", "(last.failedOnly() || endedWithin(last, ev, w.Reorder))", "true"},
	{"a redelivery is a recording of its own", "internal/lifecycle/rules.go", "toLastIf(entry != nil && ev.fileID() == \"\" &&", "toLastIf(entry == nil && ev.fileID() == \"\" &&"},
	{"an arrival is written again", "internal/lifecycle/rules.go", "return slices.IndexFunc(chain, func(s Segment) bool { return s.hasArrivalOf(ev) })", "return noMatch"},
	{"a file is recorded again", "internal/lifecycle/rules.go", "return slices.IndexFunc(chain, func(s Segment) bool { return s.hasFileOf(ev) })", "return slices.IndexFunc(chain, func(s Segment) bool { return false && s.hasFileOf(ev) })"},
	{"each id is a recording of its own", "internal/lifecycle/rules.go", `if ev.ID != "" && last.identifies() && !last.hasIDOf(ev) {`, `if ev.ID != "" && !last.hasIDOf(ev) {`},
	{"an event of a recording in progress begins another", "internal/lifecycle/rules.go", "return toLastIf(last.Open() &&", "return toLastIf(false && last.Open() &&"},
	{"an event that the end overtook begins another", "internal/lifecycle/rules.go", "return toLastIf(isBeforeEnd(ev) &&", "return toLastIf(false && isBeforeEnd(ev) &&"},
	{"a file after a failure begins another", "internal/lifecycle/rules.go", "return toLastIf(ev.Type == v1alpha1.EventStopped && last.failedOnly()", "return toLastIf(false && last.failedOnly()"},
	{"a failure after the end begins another", "internal/lifecycle/rules.go", "return toLastIf(ev.Type == v1alpha1.EventFailed &&", "return toLastIf(false && ev.Type == v1alpha1.EventFailed &&"},
	{"a failure wins over a file", "internal/lifecycle/state.go", "\t{v1alpha1.EventStopped, v1alpha1.RecordingStopped},\n\t{v1alpha1.EventFailed, v1alpha1.RecordingFailed},\n", "\t{v1alpha1.EventFailed, v1alpha1.RecordingFailed},\n\t{v1alpha1.EventStopped, v1alpha1.RecordingStopped},\n"},
	{"a delivery is not counted", "internal/lifecycle/state.go", "entry.Deliveries += min(", "_ = min("},
	{"a listed file counts as a delivery", "internal/lifecycle/place.go", "case segment.hasFileOf(ev) && ev.Source == v1alpha1.EventSourceBackfill:", "case false:"},
	{"a new segment replaces the last", "internal/lifecycle/place.go", "return chain[len(chain)-1].Index + 1", "return chain[len(chain)-1].Index"},
	{"a change of an earlier recording goes unnoticed", "internal/lifecycle/place.go", "NeedsFreshRead: lastBegun(chain) >= 0 || (write.New && len(chain) > 0),", "NeedsFreshRead: false,"},
}
