// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
)

// bench is a recording and what measures it.
type bench struct {
	program, folder, recording string
	width, height              int // of the recording's picture
}

// step is one comparison.
type step struct {
	name   string
	target float64
	ours   []string
	plain  func(context.Context) (time.Duration, error)
}

// generate makes a recording that repeats a minute of pictures and stereo sound.
func (b bench) generate(ctx context.Context, seconds int) error {
	minute := filepath.Join(b.folder, "minute.mp4")
	if err := ffmpeg(ctx, "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d:rate=25:duration=60,noise=alls=10:allf=t", b.width, b.height),
		"-f", "lavfi", "-i", "aevalsrc='0.2*sin(440*2*PI*t)*(0.6+0.4*sin(t))|0.2*sin(550*2*PI*t)':s=48000:d=60",
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", minute); err != nil {
		return err
	}
	err := ffmpeg(ctx, "-stream_loop", strconv.Itoa(seconds/60), "-i", minute, "-t", strconv.Itoa(seconds), "-c", "copy", b.recording)
	return err
}

// steps are those that are compared, with the plain commands that make the same.
func (b bench) steps() []step {
	sound := func(channels string, codec ...string) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) { return b.twoPasses(ctx, channels, codec) }
	}
	return []step{
		{"audio", maxSound, []string{"audio", "--format=aac"}, sound("stereo", "-ar", "48000", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "plain.m4a")},
		{"speech", maxSound, []string{"audio", "--format=wav"}, sound("mono", "-ar", "16000", "-c:a", "pcm_s16le", "plain.wav")},
		{"waveform", maxSound, []string{"waveform"}, func(ctx context.Context) (time.Duration, error) {
			return b.ffmpeg(ctx, "-map", "0:a:0", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", "-f", "s16le", "plain.pcm")
		}},
		{"transcode", maxPicture, []string{"transcode", "--to=hls"}, b.ladder},
	}
}

// twoPasses measures the loudness and changes it, as `audio` does.
func (b bench) twoPasses(ctx context.Context, channels string, codec []string) (time.Duration, error) {
	const norm = "loudnorm=I=-16:TP=-1.5:LRA=11"
	first := "aformat=channel_layouts=" + channels + "," + norm
	log, spent, err := b.run(ctx, "-map", "0:a:0", "-af", first+":print_format=json", "-f", "null", "-")
	if err != nil {
		return 0, err
	}
	value := func(name string) string {
		if found := regexp.MustCompile(`"` + name + `" : "([^"]+)"`).FindStringSubmatch(log); found != nil {
			return found[1]
		}
		return "0"
	}
	second := fmt.Sprintf("%s:measured_I=%s:measured_TP=%s:measured_LRA=%s:measured_thresh=%s:offset=%s:linear=true",
		first, value("input_i"), value("input_tp"), value("input_lra"), value("input_thresh"), value("target_offset"))
	_, more, err := b.run(ctx, append([]string{"-map", "0:a:0", "-af", second}, codec...)...)
	return spent + more, err
}

// ladder makes the ladder that `transcode` makes of this recording.
func (b bench) ladder(ctx context.Context) (time.Duration, error) {
	var split, scale strings.Builder
	var maps, variants []string
	rungs := plan.Ladder(b.width, b.height, nil)
	for i, r := range rungs {
		if err := os.MkdirAll(filepath.Join(b.folder, r.Name), 0o700); err != nil {
			return 0, err
		}
		fmt.Fprintf(&split, "[s%d]", i)
		fmt.Fprintf(&scale, ";[s%d]scale=%d:%d:flags=bicubic,format=yuv420p[v%d]", i, r.Width, r.Height, i)
		maps = append(maps, "-map", fmt.Sprintf("[v%d]", i), "-map", "0:a:0", fmt.Sprintf("-b:a:%d", i), fmt.Sprintf("%dk", r.AudioBitRate),
			fmt.Sprintf("-maxrate:v:%d", i), fmt.Sprintf("%dk", r.MaxBitRate), fmt.Sprintf("-bufsize:v:%d", i), fmt.Sprintf("%dk", 2*r.MaxBitRate))
		variants = append(variants, fmt.Sprintf("v:%d,a:%d,name:%s", i, i, r.Name))
	}
	args := append([]string{"-filter_complex", fmt.Sprintf("[0:v:0]split=%d%s%s", len(rungs), split.String(), scale.String())}, maps...)
	return b.ffmpeg(ctx, append(args,
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-bf", "0", "-c:a", "aac", "-ac", "2", "-ar", "48000", "-sc_threshold", "0",
		"-force_key_frames", "expr:gte(t,n_forced*6)", "-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
		"-hls_segment_filename", "%v/segment_%05d.m4s", "-var_stream_map", strings.Join(variants, " "), "%v/index.m3u8")...)
}

// used is what a run of our program took.
type used struct {
	cpu    time.Duration // of all processes
	memory int64         // of our own process alone
}

// both measures a step and the plain command at the same time.
func (b bench) both(ctx context.Context, s step) (ours used, plain time.Duration, err error) {
	failed := make(chan error, 1)
	go func() {
		var err error
		if plain, err = s.plain(ctx); err != nil {
			err = fmt.Errorf("plain ffmpeg: %w", err)
		}
		failed <- err
	}()
	ours, err = b.measure(ctx, s.ours)
	err = errors.Join(err, <-failed) // plain is set from here on
	return ours, plain, err
}

func (b bench) measure(ctx context.Context, args []string) (used, error) {
	out := filepath.Join(b.folder, "out-"+args[0])
	args = append(args, "--source-file="+b.recording, "--destination=file://"+out+"?create_dir=true", "--object-folder=.", "--scratch-dir="+b.folder,
		"--termination-log="+filepath.Join(b.folder, "none"))
	return b.start(ctx, args)
}

func (b bench) start(ctx context.Context, args []string) (used, error) {
	cmd := exec.CommandContext(ctx, b.program, args...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return used{}, err
	}
	ended, most := make(chan struct{}), make(chan int64)
	go func() { most <- watchMemory(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	memory := <-most
	if err != nil {
		return used{}, fmt.Errorf("%w\n%s", err, log.String())
	}
	return used{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory}, nil
}

// watchMemory returns the most resident memory that a process had, in bytes.
func watchMemory(pid int, ended <-chan struct{}) (most int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kib, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				most = max(most, kib<<10)
			}
		}
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
	}
}

// probe returns the share of the recording that a probe fetches from a server.
func (b bench) probe(ctx context.Context) (float64, error) {
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(counter{w, &sent}, r, b.recording)
	}))
	defer server.Close()
	_, err := b.start(ctx, []string{"probe", "--source-url=" + server.URL + "/recording.mp4", "--allowed-host=" + server.Listener.Addr().String(), "--allow-http",
		"--allow-private-addresses", "--scratch-dir=" + b.folder, "--termination-log=" + filepath.Join(b.folder, "none")})
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(b.recording)
	if err != nil {
		return 0, err
	}
	if info.Size() < 8<<20 {
		return 0, fmt.Errorf("the recording has only %d bytes; make it longer with -seconds", info.Size())
	}
	return float64(sent.Load()) / float64(info.Size()), nil
}

// counter counts what a server sends.
type counter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// ReadFrom keeps the server from sending past the counter.
func (c counter) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{c}, r) }

// ffmpeg runs ffmpeg on the recording, and returns the CPU time that it took.
func (b bench) ffmpeg(ctx context.Context, args ...string) (time.Duration, error) {
	_, spent, err := b.run(ctx, args...)
	return spent, err
}

func (b bench) run(ctx context.Context, args ...string) (log string, spent time.Duration, err error) {
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-nostats", "-y", "-i", b.recording}, args...)...)
	cmd.Dir = b.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", 0, fmt.Errorf("%w\n%s", err, out)
	}
	return string(out), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

func ffmpeg(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
