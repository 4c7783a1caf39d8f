// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

// newMediaFixture is one call of a media command on a recording.
func newMediaFixture(t *testing.T, command, recording string) *fixture {
	t.Helper()
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, recording) })
	f.args[0] = command
	f.args = append(f.args, "--scratch-dir="+t.TempDir())
	return f
}

func (f *fixture) scratch() string {
	for _, arg := range f.args {
		if dir, ok := strings.CutPrefix(arg, "--scratch-dir="); ok {
			return dir
		}
	}
	return ""
}

// Each command writes where its outputs are, of what type and size, into the termination message.
func TestMediaCommands(t *testing.T) {
	const folder = "abcd-efgh-ijkl/0123456789abcdef01234567/1/media/"
	tests := map[string]struct {
		args []string
		want []string // name, object, media type
	}{
		"probe":     {[]string{"--analyze=full"}, []string{"probe probe.json application/json"}},
		"thumbnail": {[]string{"--interval=2s", "--size=64", "--threads=1"}, []string{"poster poster.jpg image/jpeg", "contact-sheet contact-sheet.jpg image/jpeg", "sprite thumbnails.jpg image/jpeg", "thumbnails thumbnails.vtt text/vtt"}},
		"audio":     {[]string{"--format=opus,aac"}, []string{"aac audio.m4a audio/mp4", "opus audio.opus audio/ogg"}},
		"waveform":  {[]string{"--color=#ff0000", "--width=64", "--verbose"}, []string{"waveform waveform.png image/png", "peaks waveform.json application/json"}},
		"transcode": {[]string{"--to=mp4,hls", "--rungs=360,240", "--hls-segments=ts"}, []string{"mp4 video.mp4 video/mp4", "hls hls/master.m3u8 application/vnd.apple.mpegurl", "hls-checksums hls/SHA256SUMS text/plain"}},
	}
	for command, test := range tests {
		t.Run(command, func(t *testing.T) {
			f := newMediaFixture(t, command, mediatest.Recording(t, 5))
			f.args = append(f.args, test.args...)
			if code := f.run(t); code != 0 {
				t.Fatalf("exit code %d\n%s", code, &f.stderr)
			}
			msg, err := outputs.Parse([]byte(f.message(t)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, output := range msg.Outputs {
				object := strings.TrimPrefix(output.URL, "file://"+f.folder+"/"+folder)
				got = append(got, output.Name+" "+object+" "+output.MediaType)
				if info, err := os.Stat(strings.TrimPrefix(output.URL, "file://")); err != nil || info.Size() != *output.SizeBytes || len(output.SHA256) != 64 {
					t.Errorf("%+v: %v", output, err)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// On a workstation a local file will do, no variable needs to be set, and the outcome is printed.
func TestMediaOnWorkstation(t *testing.T) {
	f := newMediaFixture(t, "probe", "")
	f.env = map[string]string{"TMPDIR": t.TempDir()}
	f.args = []string{"probe", "--source-file=" + mediatest.Recording(t, 5), "--termination-log=" + filepath.Join(f.folder, "none")}
	if code := f.run(t); code != 0 || !strings.Contains(f.stdout.String(), `"values":{"audioChannels":1,`) {
		t.Errorf("exit code %d\n%s\n%s", code, &f.stdout, &f.stderr)
	}
	f.stdout.Reset()
	f.args = []string{
		"thumbnail", f.args[1], f.args[2], "--destination=file://" + f.folder, "--object-folder=.",
	}
	if code := f.run(t); code != 0 || !strings.Contains(f.stdout.String(), `"url":"file://`+f.folder+`/poster.jpg"`) {
		t.Errorf("exit code %d\n%s\n%s", code, &f.stdout, &f.stderr)
	}
}

func TestMediaUsage(t *testing.T) {
	tests := map[string]struct {
		command string
		args    []string
		text    string
	}{
		"level":            {"probe", []string{"--analyze=deep"}, "--analyze=deep is not one of headers, full"},
		"argument":         {"probe", []string{"a.mp4"}, `unknown command "a.mp4"`},
		"two sources":      {"probe", []string{"--source-file=a", "--source-url=https://cdn.videosdk.live/a"}, "are both given"},
		"threads":          {"probe", []string{"--threads=-1"}, "--threads must not be negative"},
		"memory":           {"probe", []string{"--max-memory=lots"}, "must be a whole number of bytes"},
		"retries":          {"probe", []string{"--retries=-1"}, "--retries must not be negative"},
		"time-out":         {"probe", []string{"--timeout=0s"}, "--timeout must be more than 0"},
		"host":             {"probe", []string{"--allowed-host=*"}, `--allowed-host: allowed host "*"`},
		"folder":           {"thumbnail", []string{"--object-folder=../x"}, `--object-folder "../x" gives "../x", which has the part ".."`},
		"folder's field":   {"thumbnail", []string{"--object-folder={{.X}}"}, "--object-folder is not a template over"},
		"other scheme":     {"thumbnail", []string{"--destination=gopher://x"}, `scheme "gopher" is not supported`},
		"interval":         {"thumbnail", []string{"--interval=-1s"}, "--interval must not be negative"},
		"size":             {"thumbnail", []string{"--size=4096"}, "--size must be from 32 to 512"},
		"format":           {"audio", []string{"--format=mp3"}, `--format: "mp3" is not one of aac, opus, wav`},
		"no format":        {"audio", []string{"--format="}, "--format: none is given"},
		"colour":           {"waveform", []string{"--color=red"}, "--color=red is not six hexadecimal digits"},
		"pixels":           {"waveform", []string{"--pixels-per-second=0"}, "--pixels-per-second must be from 1 to 1000"},
		"width":            {"waveform", []string{"--width=100000"}, "--width must be from 16"},
		"target":           {"transcode", []string{"--to=mkv"}, "--to=mkv is not one of mp4, hls"},
		"no target":        {"transcode", []string{"--to="}, "--to is empty"},
		"preset":           {"transcode", []string{"--preset=best"}, "--preset=best is not one of web, small, quality"},
		"height":           {"transcode", []string{"--max-height=-2"}, "--max-height must be 2 or more"},
		"reencode":         {"transcode", []string{"--reencode=never"}, "--reencode=never is not one of auto, always"},
		"segments":         {"transcode", []string{"--hls-segments=mkv"}, "--hls-segments=mkv is not one of fmp4, ts"},
		"segment length":   {"transcode", []string{"--hls-segment-seconds=0"}, "--hls-segment-seconds must be from 1 to 60"},
		"rung":             {"transcode", []string{"--rungs=500"}, "--rungs=500 is not one of [1080 720 480 360 240]"},
		"second input":     {"transcode", []string{"--ffmpeg-arg=-i", "--ffmpeg-arg=/etc/passwd"}, `--ffmpeg-arg: "-i" may not be added`},
		"second output":    {"transcode", []string{"--ffmpeg-arg=/archive/x.mp4"}, `--ffmpeg-arg: "/archive/x.mp4" may not be added`},
		"option, no value": {"transcode", []string{"--ffmpeg-arg=-crf"}, `--ffmpeg-arg: "-crf" has no value`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newMediaFixture(t, test.command, "")
			f.args = append(f.args, test.args...)
			if code := f.run(t); code != 64 || !strings.Contains(f.message(t), test.text) {
				t.Errorf("exit code %d, message %q, want %q", code, f.message(t), test.text)
			}
			f.expectNothingStored(t)
		})
	}
	for name, missing := range map[string]string{"RECORDING_FILE_URL": "no source: RECORDING_FILE_URL is not set", "ARCHIVE_DESTINATION": "set --destination", "RECORDING_SESSION_ID": "set RECORDING_SESSION_ID"} {
		f := newMediaFixture(t, "thumbnail", "")
		delete(f.env, name)
		if code := f.run(t); code != 64 || !strings.Contains(f.message(t), missing) {
			t.Errorf("without %s: exit code %d, %s", name, code, f.message(t))
		}
	}
}

// What a server answers, and what a file holds, becomes an exit code and a message that says what to do.
func TestMediaFails(t *testing.T) {
	text := func(content string) func(t *testing.T) string {
		return func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "a.mp4")
			mediatest.Write(t, path, []byte(content))
			return path
		}
	}
	recording := func(t *testing.T) string { return mediatest.Recording(t, 5) }
	tests := map[string]struct {
		file func(t *testing.T) string
		args []string
		code int
		text string
	}{
		"404":          {text(""), []string{"--source-url=$URL/none/none"}, 66, "the file does not exist"},
		"empty":        {text(""), nil, 65, "source is an empty file"},
		"HTML":         {text("<html><body>Sign in"), nil, 65, "HTML page"},
		"no video":     {text("this is no video"), nil, 65, "source is not a recording that can be read"},
		"playlist":     {text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), nil, 65, "source is a playlist (HLS), which only names other files"},
		"metadata":     {text("#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/latest/meta-data/\n"), nil, 65, "source is a playlist (HLS)"},
		"not allowed":  {recording, []string{"--allow-private-addresses=false"}, 77, "which is loopback"},
		"too large":    {recording, []string{"--max-bytes=1k"}, 65, "the limit is 1000, set by --max-bytes"},
		"no ffmpeg":    {recording, []string{"--ffprobe=ffprobe-none"}, 78, "ffprobe-none is not installed; use the operator's media image, or install ffmpeg"},
		"no scratch":   {recording, []string{"--scratch-dir=/none"}, 74, "cannot write to the scratch folder /none; mount a volume there"},
		"no such file": {recording, []string{"--source-file=/none.mp4"}, 66, "/none.mp4 does not exist"},
	}
	for name, test := range tests {
		for _, command := range []string{"probe", "transcode"} {
			t.Run(name+", "+command, func(t *testing.T) {
				f := newMediaFixture(t, command, test.file(t))
				for _, arg := range test.args {
					f.args = append(f.args, strings.Replace(arg, "$URL", f.server.URL, 1))
				}
				if strings.HasPrefix(name, "404") {
					f.server.Config.Handler = http.NotFoundHandler()
				}
				if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
					t.Errorf("exit code %d, message %q, want %d and %q", code, f.message(t), test.code, test.text)
				}
				if strings.Contains(f.stderr.String()+f.stdout.String()+f.message(t), "root:") {
					t.Errorf("a secret is revealed\n%s", &f.stderr)
				}
				f.expectNothingStored(t)
			})
		}
	}
}

// hang is an ffmpeg that writes its processes into the file started of its folder, and never ends.
func hang(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "ffmpeg")
	script := "#!/bin/sh\nsleep 600 &\necho \"$$ $!\" >starting\nmv starting started\nwait\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program
}

// awaitStart waits until hang runs, and returns its processes.
func (f *fixture) awaitStart(t *testing.T) []string {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		if found, _ := filepath.Glob(filepath.Join(f.scratch(), "*", "started")); len(found) > 0 {
			pids, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			return strings.Fields(string(pids))
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-again.C:
		}
	}
}

// A step that is stopped as the kubelet stops it takes ffmpeg along, and leaves nothing behind.
func TestMediaSIGTERM(t *testing.T) {
	f := newMediaFixture(t, "transcode", mediatest.Recording(t, 5))
	f.args = append(f.args, "--ffmpeg="+hang(t), "--reencode=always")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, self, f.args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	for key, value := range f.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	cmd.Stdout, cmd.Stderr = &f.stdout, &f.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := f.awaitStart(t)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 75 {
		t.Errorf("%v, want exit code 75\n%s", err, &f.stderr)
	}
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
	if left, err := os.ReadDir(f.scratch()); err != nil || len(left) > 0 {
		t.Errorf("%v was left in the scratch folder, %v", left, err)
	}
	f.expectNothingStored(t)
}

// awaitEnd waits until a process that was killed has ended.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") || strings.Contains(string(stat), ") X ") {
			return
		}
		<-again.C
	}
}

// The time limit is one for all of the step, and may pass.
func TestMediaTimeout(t *testing.T) {
	f := newMediaFixture(t, "audio", mediatest.Recording(t, 5))
	f.args = append(f.args, "--ffmpeg="+hang(t), "--timeout=2s")
	if code := f.run(t); code != 69 || !strings.Contains(f.message(t), "within 2s") {
		t.Errorf("exit code %d, %s\n%s", code, f.message(t), &f.stderr)
	}
	f.expectNothingStored(t)
}

// The help suffices: every flag of every command says what it is.
func TestMediaHelp(t *testing.T) {
	for _, command := range []string{"probe", "thumbnail", "audio", "waveform", "transcode"} {
		f := &fixture{args: []string{command, "--help"}}
		code := run(t.Context(), process{args: f.args, getenv: func(string) string { return "" }, stdout: &f.stdout, stderr: &f.stderr})
		help := f.stdout.String()
		for _, want := range []string{"Examples:", "--source-file", "--destination", "--scratch-dir", "--threads", "--termination-log"} {
			if code != 0 || !strings.Contains(help, want) {
				t.Errorf("%s: exit code %d, no %s in\n%s", command, code, want, help)
			}
		}
		if lines := strings.Split(help, "\n"); slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, " --verbose") }) {
			t.Errorf("%s: a flag without a text", command)
		}
	}
}
