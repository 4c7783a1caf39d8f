// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
)

// disk is a disk for the spool, which can be made full, and be given room again.
type disk struct {
	directory  string
	fill, free func(t *testing.T, pid int)
	// staysFull says that it is full for the next process, too.
	staysFull bool
}

// disks returns those that a test may have here: only root may mount one.
func disks(t *testing.T) map[string]*disk {
	t.Helper()
	all := map[string]*disk{"limit on the size of files": limitedFiles(t)}
	mounted, err := tinyDisk(t)
	switch {
	case err == nil:
		all["disk of 4 MiB"] = mounted
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		t.Logf("no disk can be mounted here (%v): a limit on the size of files has to do", err)
	default:
		t.Fatal(err)
	}
	return all
}

// tinyDisk mounts a tmpfs.
func tinyDisk(t *testing.T) (*disk, error) {
	t.Helper()
	d := &disk{directory: socketDir(t), staysFull: true}
	if err := unix.Mount("tmpfs", d.directory, "tmpfs", 0, "size=4m"); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := unix.Unmount(d.directory, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(d.directory, "filler")
	d.fill = func(t *testing.T, _ int) {
		t.Helper()
		file, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		for page := make([]byte, os.Getpagesize()); err == nil; {
			_, err = file.Write(page)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	d.free = func(t *testing.T, _ int) {
		t.Helper()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	return d, nil
}

// limitedFiles has the process write to no file at all, by its own limits.
func limitedFiles(t *testing.T) *disk {
	t.Helper()
	limit := func(to uint64) func(*testing.T, int) {
		return func(t *testing.T, pid int) {
			t.Helper()
			if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: to, Max: unix.RLIM_INFINITY}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &disk{directory: socketDir(t), fill: limit(0), free: limit(unix.RLIM_INFINITY)}
}

// post sends an event of a session, and returns the answer.
func post(t *testing.T, at addresses, session string) (status int, retryAfter, content string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.Webhooks+"/webhooks/videosdk",
		strings.NewReader(body("recording-started", session)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Retry-After"), string(text)
}

// outage sends events while the API server is unavailable, each of another session.
type outage struct {
	at       addresses
	stderr   *output
	prefix   string
	sent     int
	accepted []string
}

func newOutage(at addresses, stderr *output) *outage {
	return &outage{at: at, stderr: stderr, prefix: fmt.Sprintf("disk-%d-", time.Now().UnixNano())}
}

func (o *outage) send(t *testing.T) (status int, retryAfter, content string) {
	t.Helper()
	o.sent++
	session := o.prefix + fmt.Sprint(o.sent)
	status, retryAfter, content = post(t, o.at, session)
	if status == http.StatusAccepted {
		o.accepted = append(o.accepted, session)
	}
	return status, retryAfter, content
}

// isTaken expects that the next event is spooled.
func (o *outage) isTaken(t *testing.T) {
	t.Helper()
	if status, _, content := o.send(t); status != http.StatusAccepted {
		t.Errorf("%d %s, want 202", status, content)
	}
}

// isRefused sends events until one is refused, as it must be before long, and
// expects that it is told to come again, counted, and that the log says what
// to fix.
func (o *outage) isRefused(t *testing.T, reason, mend string) {
	t.Helper()
	for range 5000 { // the file may have room left
		status, retryAfter, content := o.send(t)
		if status == http.StatusAccepted {
			continue
		}
		if status != http.StatusServiceUnavailable || retryAfter == "" || !strings.Contains(content, `{"error":"`) {
			t.Errorf("%d %s, Retry-After %q; want 503", status, content, retryAfter)
		}
		_, metrics := ask(t, http.MethodGet, "http://"+o.at.Metrics+"/metrics", "", false)
		if strings.Contains(metrics, `meetingrecording_spool_errors_total{reason="`+reason+`"} 0`) {
			t.Errorf("it is not counted as %s:\n%s", reason, metrics)
		}
		o.stderr.line(t, mend)
		return
	}
	t.Errorf("%d events were taken", o.sent)
}

// isOver waits until everything that was accepted is in a status, and expects
// it there once.
func (o *outage) isOver(t *testing.T) {
	t.Helper()
	again, timeout := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer again.Stop()
	for _, session := range o.accepted {
		for {
			var object v1alpha1.MeetingRecording
			err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: lifecycle.Name(meetingID, session, 1)}, &object)
			if events := object.Status.Recording.Events; err == nil && len(events) > 0 {
				if len(events) > 1 || events[0].Deliveries != 1 {
					t.Errorf("%s has %+v, want the event once", session, events)
				}
				break
			}
			select {
			case <-again.C:
			case <-timeout:
				t.Fatalf("%s was acknowledged, and is not there: %v\n%s", session, err, o.stderr)
			}
		}
	}
}

// TestFullDisk: an event that the disk has no room for is refused; once there is
// room it is taken, by the same process; and what was taken before is not lost,
// also when the sidecar is killed and started again while the disk is full.
func TestFullDisk(t *testing.T) {
	binary, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range disks(t) {
		t.Run(name, func(t *testing.T) {
			g, through := newGate(t)
			args := []string{"--namespace=default", "--kubeconfig=" + through, "--insecure-skip-signature",
				"--spool-dir=" + d.directory, "--write-timeout=100ms"}
			p := launch(t, binary, args...)
			g.set(gateRefuses)
			o := newOutage(p.addresses, p.stderr)
			o.isTaken(t)
			d.fill(t, p.Process.Pid)
			o.isRefused(t, "full", "raise --spool-max-bytes")
			p.becomes(t, 200, "ok")
			d.free(t, p.Process.Pid)
			o.isTaken(t)
			d.fill(t, p.Process.Pid)
			o.isRefused(t, "full", "raise --spool-max-bytes")
			if d.staysFull {
				_ = p.Process.Kill()
				_ = p.Wait()
				p = launch(t, binary, args...)
				p.becomes(t, 200, "ok")
			}
			g.set(gatePasses)
			o.isOver(t) // while there is no room
			d.free(t, p.Process.Pid)
			p.stderr.line(t, "Spool empty")
			awaitEmptySpool(t, p)
			o.isOver(t)
		})
	}
}

// TestReadOnlySpool: the same of a file that may not be written any more.
func TestReadOnlySpool(t *testing.T) {
	directory := socketDir(t)
	g, through := newGate(t)
	p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+through, "--spool-dir="+directory, "--write-timeout=100ms")
	g.set(gateRefuses)
	o := newOutage(p.addresses, p.stderr)
	o.isTaken(t)
	writable := makeReadOnly(t, filepath.Join(directory, "00000001.spool"))
	o.isRefused(t, "unwritable", "check that --spool-dir is on a healthy disk")
	writable()
	o.isTaken(t)
	g.set(gatePasses)
	p.stderr.line(t, "Spool empty")
	o.isOver(t)
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}

// makeReadOnly has this process's open file refuse to be written, until the
// returned function is called: it puts another descriptor in its place, as
// nobody can make a file system read-only while a file is open for writing.
func makeReadOnly(t *testing.T, path string) (undo func()) {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range open {
		if target, err := os.Readlink(link); err != nil || target != path {
			continue
		}
		var number int
		if _, err := fmt.Sscan(filepath.Base(link), &number); err != nil {
			t.Fatal(err)
		}
		kept, err := unix.Dup(number)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		replace := func(by int) {
			if err := errors.Join(unix.Dup3(by, number, unix.O_CLOEXEC), unix.Close(by)); err != nil {
				t.Fatal(err)
			}
		}
		replace(reader)
		return func() { replace(kept) }
	}
	t.Fatalf("%s is not open", path)
	return nil
}

// TestReadOnlySpoolDirectory: at the start that is a mistake, and said to be one.
func TestReadOnlySpoolDirectory(t *testing.T) {
	binary, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	directory := socketDir(t) // with copies that everybody may read
	binary, cluster := copyTo(t, directory, binary), copyTo(t, directory, kubeconfig)
	if err := os.Chmod(directory, 0o555); err != nil {
		t.Fatal(err)
	}
	p := launchable(t, binary, "--namespace=default", "--kubeconfig="+cluster, "--insecure-skip-signature", "--spool-dir="+directory)
	if os.Getuid() == 0 { // permissions do not bind root
		p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if err := p.Run(); err == nil || p.ProcessState.ExitCode() != startup.Failed {
		t.Errorf("it ends with %v, want exit code %d", err, startup.Failed)
	}
	p.stderr.line(t, "--spool-dir must be a writable directory")
}

func copyTo(t *testing.T, directory, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(directory, filepath.Base(path))
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}
