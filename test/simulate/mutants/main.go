// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Program mutants plants bugs into the operator, one at a time, by the build's -overlay, and reports which the simulation finds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// share is how many of a hundred mutants must be found.
const share = 95

func main() {
	seeds := flag.Int("seeds", 2000, "how many seeds are tried")
	only := flag.String("only", "", "mutants whose names have this text")
	parallel := flag.Int("parallel", 1, "how many are tried at once")
	patience := flag.Duration("patience", 10*time.Minute, "how long one is tried at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	isGood := run(ctx, *only, *parallel, *seeds, *patience)
	stop()
	if !isGood {
		os.Exit(1)
	}
}

// run tries the mutants, and reports whether enough of them were found.
func run(ctx context.Context, only string, parallel, seeds int, patience time.Duration) bool {
	var group errgroup.Group
	group.SetLimit(parallel)
	var mu sync.Mutex
	tried, found, broken := 0, 0, 0
	for _, m := range slices.Concat(receiver, manager) {
		if !strings.Contains(m.name, only) {
			continue
		}
		group.Go(func() error {
			began := time.Now()
			result, err := m.try(ctx, seeds, patience)
			took := time.Since(began).Round(time.Second)
			mu.Lock()
			defer mu.Unlock()
			tried++
			switch {
			case errors.Is(err, errPatience):
				_, _ = fmt.Fprintf(os.Stdout, "missed  %s: no seed found it within %s\n", m.name, patience)
			case err != nil:
				broken++
				_, _ = fmt.Fprintf(os.Stdout, "broken  %s: %v\n", m.name, err)
			case result == "":
				_, _ = fmt.Fprintf(os.Stdout, "missed  %s, after %s\n", m.name, took)
			default:
				found++
				_, _ = fmt.Fprintf(os.Stdout, "found   %s, after %s: %s\n", m.name, took, result)
			}
			return nil
		})
	}
	_ = group.Wait() // they return no error
	_, _ = fmt.Fprintf(os.Stdout, "%d of %d mutants found\n", found, tried)
	return broken == 0 && 100*found >= share*tried
}
