// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

// TestOpenMetricsAreTold: metrics that anybody may read are warned of, and no others.
func TestOpenMetricsAreTold(t *testing.T) {
	for _, test := range []struct {
		address string
		secure  bool
		want    bool
	}{
		{"127.0.0.1", false, false},
		{"::1", false, false},
		{"::", false, true},
		{"10.0.0.1", false, true},
		{"::", true, false},
	} {
		var told strings.Builder
		log := funcr.New(func(_, args string) { told.WriteString(args) }, funcr.Options{})
		options := metricsOptions{secure: test.secure}
		options.announce(log, &net.TCPAddr{IP: net.ParseIP(test.address), Port: 8082})
		if got := strings.Contains(told.String(), "--metrics-secure"); got != test.want {
			t.Errorf("%+v: it says %q", test, told.String())
		}
	}
}
