// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func tools(t *testing.T) ffmpeg.Tools {
	t.Helper()
	return ffmpeg.Tools{FFmpeg: "ffmpeg", FFprobe: "ffprobe", Dir: t.TempDir()}
}

func null(path string) []string { return append(ffmpeg.Input(path), "-f", "null", "-") }

func expect(t *testing.T, err error, code int, text string) {
	t.Helper()
	if err == nil || sysexits.Code(err) != code || !strings.Contains(err.Error(), text) {
		t.Errorf("err = %v (%d), want %d and %q", err, sysexits.Code(err), code, text)
	}
}

func TestRun(t *testing.T) {
	path := mediatest.Recording(t, 4)
	for _, threads := range []int{0, 1} {
		tools := tools(t)
		tools.Threads = threads
		var last ffmpeg.Progress
		var lines []string
		var pcm bytes.Buffer
		args := append(append(tools.DecoderThreads(), ffmpeg.Input(path)...), "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1")
		err := tools.Run(t.Context(), ffmpeg.Command{
			Args: args, Stdout: &pcm, Line: func(line string) { lines = append(lines, line) }, Progress: func(p ffmpeg.Progress) { last = p },
		})
		if err != nil {
			t.Fatal(err)
		}
		if pcm.Len() < 4*48000*2 || !last.End || last.OutTime.Round(100*time.Millisecond) != 4*time.Second || last.Speed <= 0 {
			t.Errorf("%d bytes, %+v", pcm.Len(), last)
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "[info] Output #0") }) {
			t.Errorf("log: %q", lines)
		}
	}
}

// A playlist opens nothing, whatever it names and is called, even where nobody looked at the file before.
func TestPlaylistsOpenNothing(t *testing.T) {
	const secret = "root:topsecret:0:0"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	asked := make(chan struct{}, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked <- struct{}{}
			_ = conn.Close()
		}
	}()
	victim := mediatest.Make(t, "victim.ts", mediatest.Join(mediatest.Picture("64x36", 3, 0), mediatest.H264())...)
	passwd := filepath.Join(t.TempDir(), "passwd.ts")
	mediatest.Write(t, passwd, []byte(secret))
	const head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
	contents := map[string]string{
		"a secret":           head + "file://" + passwd + "\n#EXT-X-ENDLIST\n",
		"a secret by path":   head + passwd + "\n#EXT-X-ENDLIST\n",
		"/etc/passwd":        head + "file:///etc/passwd\n#EXT-X-ENDLIST\n",
		"joined to upload":   head + "concat:http://" + listener.Addr().String() + "/?|file:///etc/passwd\n#EXT-X-ENDLIST\n",
		"a recording":        head + "file://" + victim + "\n#EXT-X-ENDLIST\n",
		"an address":         head + "http://" + listener.Addr().String() + "/latest/meta-data\n#EXT-X-ENDLIST\n",
		"metadata":           head + "http://169.254.169.254/latest/meta-data/\n#EXT-X-ENDLIST\n",
		"a key":              "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://" + listener.Addr().String() + "/key\"\n#EXTINF:1,\nfile://" + victim + "\n",
		"an init section":    "#EXTM3U\n#EXT-X-MAP:URI=\"file://" + victim + "\"\n#EXTINF:1,\nfile://" + victim + "\n#EXT-X-ENDLIST\n",
		"concat":             "ffconcat version 1.0\nfile '" + victim + "'\n",
		"DASH":               `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><BaseURL>http://` + listener.Addr().String() + `/</BaseURL></Period></MPD>`,
		"session":            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
		"image sequence":     "%05d.png",
		"WebVTT with a file": "WEBVTT\n\n00:00.000 --> 00:01.000\nfile:///etc/passwd\n",
	}
	// Without the guard a playlist does open what it names, so this test tests something.
	open := filepath.Join(t.TempDir(), "open.m3u8")
	mediatest.Write(t, open, []byte(contents["a recording"]))
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-i", open, "-f", "null", "-").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, content := range contents {
		for _, extension := range []string{".m3u8", ".mp4"} {
			t.Run(name+extension, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "recording"+extension)
				mediatest.Write(t, path, []byte(content))
				tools := tools(t)
				var log, out bytes.Buffer
				err := tools.Run(t.Context(), ffmpeg.Command{
					Args: append(ffmpeg.Input(path), "-c", "copy", "-f", "data", "pipe:1"), Stdout: &out,
					Line: func(line string) { log.WriteString(line + "\n") },
				})
				expect(t, err, sysexits.DataErr, "ffmpeg cannot work on the file")
				printed, err := tools.Probe(t.Context(), path)
				expect(t, err, sysexits.DataErr, "ffprobe cannot work on the file")
				for what, text := range map[string]string{"log": log.String(), "output": out.String(), "probe": string(printed)} {
					if strings.Contains(text, secret) || strings.Contains(text, "root:") || strings.Contains(text, "Stream #0") {
						t.Errorf("%s: %s", what, text)
					}
				}
			})
		}
	}
	select {
	case <-asked:
		t.Error("an address was connected to")
	default:
	}
}

// MP4 files may name other files that hold their data; ffmpeg is not to open these.
func TestProtocolsAreRefused(t *testing.T) {
	for _, path := range []string{"http://127.0.0.1:1/a", "concat:/etc/passwd", "subfile,,start,0,end,9,,:/etc/passwd", "data:video/mp4;base64,AAAA", "pipe:0"} {
		args := null("")
		args[slices.Index(args, "file:")] = path
		expect(t, tools(t).Run(t.Context(), ffmpeg.Command{Args: args}), sysexits.DataErr, "Invalid argument")
	}
}

func TestRunFails(t *testing.T) {
	recording := mediatest.Recording(t, 4)
	script := func(body string) string {
		path := filepath.Join(t.TempDir(), "fake")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]struct {
		change func(*ffmpeg.Tools)
		args   []string
		code   int
		text   string
	}{
		"not installed": {func(tools *ffmpeg.Tools) { tools.FFmpeg = "ffmpeg-that-is-none" }, nil, sysexits.Config, "ffmpeg-that-is-none is not installed; use the operator's media image"},
		"no media":      {nil, null("/etc/hosts"), sysexits.DataErr, "ffmpeg cannot work on the file: file:/etc/hosts: Invalid data found"},
		"full disk":     {func(tools *ffmpeg.Tools) { tools.FFmpeg = script("echo '[error] write: No space left on device' >&2") }, nil, sysexits.IOErr, "the scratch folder"},
		"out of memory": {func(tools *ffmpeg.Tools) { tools.FFmpeg = script("echo '[fatal] Cannot allocate memory' >&2; exit 1") }, nil, sysexits.TempFail, "ran out of memory; raise --max-memory"},
		"killed":        {func(tools *ffmpeg.Tools) { tools.FFmpeg = script("kill -9 $$") }, nil, sysexits.TempFail, "was killed; if it ran out of memory"},
		"crashed":       {func(tools *ffmpeg.Tools) { tools.FFmpeg = script("kill -11 $$") }, nil, sysexits.DataErr, "crashed (segmentation fault) on this file"},
		"says nothing":  {func(tools *ffmpeg.Tools) { tools.FFmpeg = script("exit 3") }, nil, sysexits.DataErr, "exit code 3, and it does not say why"},
		"says much": {func(tools *ffmpeg.Tools) {
			tools.FFmpeg = script("for i in 1 2 3 4 4; do echo \"[x @ 0x1] [error] line $i\" >&2; done; exit 1")
		}, nil, sysexits.DataErr, "the file: line 2; line 3; line 4"},
		"no program":     {func(tools *ffmpeg.Tools) { tools.FFmpeg = "/etc" }, nil, sysexits.Config, "/etc is not installed"},
		"no such folder": {func(tools *ffmpeg.Tools) { tools.Dir = "/none" }, null(recording), sysexits.Software, "cannot run ffmpeg"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tools := tools(t)
			if test.change != nil {
				test.change(&tools)
			}
			expect(t, tools.Run(t.Context(), ffmpeg.Command{Args: test.args}), test.code, test.text)
		})
	}
}

// The bound of memory is the kernel's.
func TestMaxMemory(t *testing.T) {
	tools := tools(t)
	tools.MaxMemory = 64 << 20
	args := []string{"-f", "lavfi", "-i", "color=size=7680x4320:duration=10", "-f", "null", "-"}
	if err := tools.Run(t.Context(), ffmpeg.Command{Args: args}); err == nil {
		t.Error("ffmpeg used more memory than it may")
	}
}

// No variable of ours, such as a cloud's credentials, reaches ffmpeg.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "topsecret")
	tools := tools(t)
	tools.FFmpeg = "/usr/bin/env"
	script := filepath.Join(t.TempDir(), "fake")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nenv\npwd\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tools.FFmpeg = script
	var out bytes.Buffer
	if err := tools.Run(t.Context(), ffmpeg.Command{Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "topsecret") || !strings.Contains(out.String(), "TMPDIR="+tools.Dir) || !strings.HasSuffix(out.String(), tools.Dir+"\n") {
		t.Errorf("environment:\n%s", &out)
	}
}

// When the context ends, so does ffmpeg with all that it started, and the context's own reason is told.
func TestCancel(t *testing.T) {
	tests := map[string]struct {
		cause error
		code  int
		text  string
	}{
		"interrupted": {context.Canceled, sysexits.TempFail, "interrupted: context canceled"},
		"time limit":  {sysexits.New(sysexits.Unavailable, nil, "not done within 1s"), sysexits.Unavailable, "not done within 1s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			script := filepath.Join(t.TempDir(), "fake")
			if err := os.WriteFile(script, []byte("#!/bin/sh\nsleep 600 &\necho \"pids $$ $!\"\nwait\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			tools := tools(t)
			tools.FFmpeg = script
			ctx, cancel := context.WithCancelCause(t.Context())
			var pids [2]int
			out := writerFunc(func(p []byte) (int, error) {
				if _, err := fmt.Sscanf(string(p), "pids %d %d", &pids[0], &pids[1]); err != nil {
					t.Error(err)
				}
				cancel(test.cause)
				return len(p), nil
			})
			expect(t, tools.Run(ctx, ffmpeg.Command{Stdout: out}), test.code, test.text)
			for _, pid := range pids {
				awaitEnd(t, pid)
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// awaitEnd waits until a process that was killed has ended; one that was not lasts longer than the test may.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for alive(pid) {
		<-again.C
	}
}

// alive reports whether a process runs: one that was killed and not yet waited for by its parent does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ") && !strings.Contains(string(stat), ") X ")
}

func TestWarningsAreLogged(t *testing.T) {
	var log bytes.Buffer
	tools := tools(t)
	tools.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_ = tools.Run(t.Context(), ffmpeg.Command{Args: null("/etc/hosts")})
	if !strings.Contains(log.String(), "level=DEBUG msg=ffmpeg line=\"[error] file:/etc/hosts: Invalid data") {
		t.Errorf("log: %s", &log)
	}
}
