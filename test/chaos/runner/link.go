// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// link is a way to a server on which connections can be made to suffer.
type link struct{ proxy *toxiproxy.Proxy }

// newLink opens a way from a free address to another.
func newLink(name, to string) (*link, error) {
	from, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l := &link{proxy: toxiproxy.NewProxy(server, name, from, to)}
	return l, l.proxy.Start()
}

func (l *link) address() string { return l.proxy.Listen }

// toxic is what toxiproxy is told, see its README.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float32        `json:"toxicity"`
	Attributes map[string]int `json:"attributes"`
}

// toxicsOf translates our names, with settings that hurt. What is sent upstream is the requests, downstream the answers.
var toxicsOf = map[string][]toxic{
	"latency": {
		{Type: "latency", Stream: "upstream", Attributes: map[string]int{"latency": 300, "jitter": 250}},
		{Type: "latency", Stream: "downstream", Attributes: map[string]int{"latency": 700, "jitter": 600}},
	},
	plan.Drop:    {{Type: "timeout", Stream: "downstream", Attributes: map[string]int{"timeout": 0}}},
	"reset_peer": {{Type: "reset_peer", Stream: "downstream", Attributes: map[string]int{"timeout": 150}}},
	"timeout":    {{Type: "timeout", Stream: "upstream", Attributes: map[string]int{"timeout": 1500}}},
	"slow_close": {{Type: "slow_close", Stream: "downstream", Attributes: map[string]int{"delay": 2000}}},
}

// spoil has so many percent of the connections suffer, until it is undone.
func (l *link) spoil(name string, percent int) (undo func() error, err error) {
	if name == plan.Down {
		l.proxy.Stop()
		return l.proxy.Start, nil
	}
	toxics, known := toxicsOf[name]
	if !known {
		return nil, fmt.Errorf("no toxic %q", name)
	}
	var names []string
	undo = func() error {
		for _, added := range names {
			if err := l.proxy.Toxics.RemoveToxic(context.Background(), added); err != nil {
				return fmt.Errorf("remove toxic %s: %w", added, err)
			}
		}
		return nil
	}
	for _, one := range toxics {
		one.Name, one.Toxicity = one.Type+"-"+one.Stream, float32(percent)/100
		text, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
			return nil, fmt.Errorf("add toxic %s: %w", one.Name, err)
		}
		names = append(names, one.Name)
	}
	return undo, nil
}
