// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package browser tests the page in Chromium, as a person uses it: served by the real events server, about recordings that the real
// sidecar and the real manager write to a real API server. What only a cluster has, Jobs that run, is played by the tests.
package browser

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// screenshots is where the tests leave pictures of what they saw.
var screenshots = harness.Path("bin", "screenshots")

var (
	// api is the API server of all tests.
	api *controlplane.ControlPlane
	// chromium is a browser that runs. It ends with the tests.
	chromium context.Context
)

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) error {
		api = c
		if err := os.MkdirAll(screenshots, 0o755); err != nil {
			return err
		}
		return startChromium()
	})
}

// startChromium starts one browser, of which each test gets a profile of its own.
func startChromium() error {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("lang", "en-US"), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to make its sandbox as root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	stop := func() { stopBrowser(); stopAllocator() }
	if err := chromedp.Do(browser); err != nil {
		stop()
		return fmt.Errorf("start Chromium, which `make packages` provides: %w", err)
	}
	chromium = browser
	api.AtStop(stop)
	return nil
}
