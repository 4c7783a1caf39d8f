// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command check helps the test of the ready pipelines on a cluster: it opens every output that a MeetingRecording lists,
// plays the receiver that `postprocess notify` sends to, and is the engine that `postprocess transcribe` asks.
//
//	check outputs -archive DIR -want pipeline/step/output,... <recording.json
//	check receive -listen HOST:PORT -secret whsec_... -out FILE
//	check engine -listen HOST:PORT
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/engine"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do: outputs, receive or engine")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "outputs":
		archive := flags.String("archive", "", "folder that file:///archive is")
		want := flags.String("want", "", "comma-separated pipeline/step/output that must be there")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return checkRecording(in, out, *archive, strings.Split(*want, ","))
	case "receive":
		listen := flags.String("listen", "127.0.0.1:8092", "address to listen at")
		secret := flags.String("secret", "", "the secret that events are signed with: whsec_ and base64")
		file := flags.String("out", "", "file for the body of each event whose signature is right, one a line")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return receive(*listen, *secret, *file)
	case "engine":
		listen := flags.String("listen", "127.0.0.1:8093", "address to listen at")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		server := &http.Server{Addr: *listen, Handler: engine.Handler(), ReadHeaderTimeout: 5 * time.Second}
		return server.ListenAndServe()
	}
	return fmt.Errorf("unknown command %q: say outputs, receive or engine", args[0])
}
