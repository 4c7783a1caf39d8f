// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"strings"
)

// subject returns what the log says a webhook is about: the recording's namespace and name, or where that is not known yet, the
// session; nothing where not even that is.
func (a *answer) subject() []any {
	if namespace, name, ok := strings.Cut(a.recording, "/"); ok {
		return []any{"namespace", namespace, "name", name}
	}
	if a.about != nil {
		return a.about.LogValues()
	}
	if a.namespace != "" {
		return []any{"namespace", a.namespace}
	}
	return nil
}
