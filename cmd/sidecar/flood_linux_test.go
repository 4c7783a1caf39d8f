// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// floodVariable has the tests' program be a flood of so many forged
	// webhooks, at the address of floodAddress, and nothing else: in one program
	// it would keep the genuine ones from being sent.
	floodVariable = "SIDECAR_TEST_FLOOD"
	floodAddress  = "SIDECAR_TEST_FLOOD_ADDRESS"
	// floodPatience is how long it may take.
	floodPatience = 20 * time.Minute
	// forgers send forged webhooks over a connection each, another one in
	// hugeForgers with a body of the greatest size; silent connections send
	// half a body and then nothing.
	forgers     = 200
	hugeForgers = 20
	silent      = 350
)

func init() {
	if os.Getenv(floodVariable) == "" {
		return
	}
	if err := runFlood(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runFlood prints a line once so many webhooks are answered as were asked for,
// goes on until its input ends, and prints how they were answered.
func runFlood(input io.Reader, output io.Writer) error {
	want, err := strconv.ParseInt(os.Getenv(floodVariable), 10, 64)
	if err != nil {
		return err
	}
	f := &flood{address: os.Getenv(floodAddress), want: want, enough: make(chan struct{}), stop: make(chan struct{}), answers: map[int]int{}}
	if err := f.start(); err != nil {
		return err
	}
	<-f.enough
	if _, err := fmt.Fprintln(output, "enough"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, input)
	close(f.stop)
	f.done.Wait()
	return errors.Join(err, json.NewEncoder(output).Encode(f.answers))
}

// floodProcess is a flood in a process of its own.
type floodProcess struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
}

func startFlood(t *testing.T, address string, want int) *floodProcess {
	t.Helper()
	f := &floodProcess{t: t, command: exec.CommandContext(t.Context(), os.Args[0])}
	f.command.Env = append(os.Environ(), floodVariable+"="+strconv.Itoa(want), floodAddress+"="+address)
	f.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	f.command.Stderr = os.Stderr
	var err error
	if f.input, err = f.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := f.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f.output = bufio.NewReader(output)
	if err := f.command.Start(); err != nil {
		t.Fatal(err)
	}
	return f
}

// awaitEnough returns when as many are answered as were asked for.
func (f *floodProcess) awaitEnough() {
	f.t.Helper()
	line := make(chan error, 1)
	go func() {
		_, err := f.output.ReadString('\n')
		line <- err
	}()
	select {
	case err := <-line:
		if err != nil {
			f.t.Fatalf("the flood has ended: %v", err)
		}
	case <-time.After(floodPatience):
		f.t.Fatal("the flood does not come to an end")
	}
}

// end ends the flood, and returns how many were answered, by status.
func (f *floodProcess) end() map[int]int {
	f.t.Helper()
	answers := map[int]int{}
	errInput, errOutput := f.input.Close(), json.NewDecoder(f.output).Decode(&answers)
	if err := errors.Join(errInput, errOutput, f.command.Wait()); err != nil {
		f.t.Fatalf("the flood: %v", err)
	}
	return answers
}

// flood is all that a stranger can send.
type flood struct {
	address string
	want    int64 // enough is closed when so many are answered
	enough  chan struct{}
	stop    chan struct{}
	done    sync.WaitGroup
	count   atomic.Int64 // forged requests that were answered

	mu      sync.Mutex
	answers map[int]int // by status
}

func (f *flood) start() error {
	small, errSmall := forgedRequest(600)
	huge, errHuge := forgedRequest(64 << 10)
	if err := errors.Join(errSmall, errHuge); err != nil {
		return err
	}
	for i := range forgers {
		request := small
		if i%hugeForgers == 0 {
			request = huge
		}
		f.done.Go(func() { f.repeat(func(conn net.Conn) bool { return f.exchange(conn, request) }) })
	}
	for range silent {
		f.done.Go(func() {
			f.repeat(func(conn net.Conn) bool {
				if _, err := conn.Write(huge[:len(huge)/2]); err != nil {
					return false
				}
				_, _ = io.Copy(io.Discard, conn) // until it is cut
				return false
			})
		})
	}
	return nil
}

func forgedRequest(size int) ([]byte, error) {
	signature := make([]byte, 256)
	if _, err := rand.Read(signature); err != nil {
		return nil, err
	}
	content := strings.Replace(body("recording-started", "forged"), "{", "{"+strings.Repeat(" ", size-100), 1)
	return fmt.Appendf(nil, "POST /webhooks/videosdk HTTP/1.1\r\nHost: x\r\nvideosdk-signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		base64.StdEncoding.EncodeToString(signature), len(content), content), nil
}

// repeat connects, and does something until it returns false; then again.
func (f *flood) repeat(something func(net.Conn) bool) {
	for !f.stopped() {
		conn, err := net.Dial("tcp", f.address)
		if err != nil {
			continue
		}
		ended := make(chan struct{})
		go func() { // ends whatever waits when the flood ends
			select {
			case <-f.stop:
			case <-ended:
			}
			_ = conn.Close()
		}()
		for !f.stopped() && something(conn) {
			continue
		}
		close(ended)
	}
}

func (f *flood) stopped() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

func (f *flood) exchange(conn net.Conn, request []byte) (again bool) {
	if _, err := conn.Write(request); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return false
	}
	if f.count.Add(1) == f.want {
		close(f.enough)
	}
	f.mu.Lock()
	f.answers[response.StatusCode]++
	f.mu.Unlock()
	return !response.Close
}
