// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ffmpeg runs ffmpeg and ffprobe on files that came from outside. They get local files only, of containers that
// hold media themselves: no protocol but file, no demuxer that opens what a file names, no decoder that recordings do not
// need. They run in a sandbox: without our environment and memory, without a network, with their own folder. They end with
// the context, and with us. Every error it returns is a sysexits.ExitError.
//
// A program that imports it becomes the sandbox when it is called by the name that the package gives it.
package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// Protocols are those that ffmpeg may read from.
const Protocols = "file"

// Formats are the demuxers that ffmpeg may use, by the names that it gives them: containers that hold their streams
// themselves. Playlists (hls, concat, dash, sdp, ...) are not among them, since they name files and hosts to open.
const Formats = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mp3,aac,flac,wav,amr"

// Decoders are those that ffmpeg may use, by the names that it gives them: of the codecs that recorders and browsers write,
// and those of common files.
const Decoders = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,mpeg2video,mpeg1video,h263,flv,theora,mjpeg,prores,dnxhd,rawvideo,png," +
	"aac,aac_latm,opus,libopus,vorbis,libvorbis,mp3,mp3float,mp2,mp2float,ac3,eac3,flac,alac,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,speex,libspeex," +
	"wmav2,nellymoser,adpcm_swf,adpcm_ms,adpcm_ima_wav,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_u8,pcm_s8," +
	"pcm_alaw,pcm_mulaw,mov_text,srt,subrip,ass,ssa,webvtt,text,dvbsub"

// ErrSoundChanges is wrapped by the error of a file whose sound changes its rate or layout, when the command keeps its
// filter graph.
var ErrSoundChanges = errors.New("the sound changes its rate or layout")

// Tools are the programs and what they may use.
type Tools struct {
	// FFmpeg and FFprobe are the programs: names that are looked up in PATH, or paths.
	FFmpeg, FFprobe string
	// Dir is the working folder, and the one for temporary files.
	Dir string
	// Threads bounds the threads of each decoder, encoder and filter graph; 0: as many as there are CPUs.
	Threads int
	// MaxMemory bounds the address space in bytes, where the system can; 0: no bound.
	MaxMemory int64
	// Log gets ffmpeg's warnings and errors at level debug; nil: nobody does.
	Log *slog.Logger
}

// Command is one call of ffmpeg.
type Command struct {
	// Args are ffmpeg's arguments, without the general ones that every call has.
	Args []string
	// Stdout gets what is written to pipe:1; nil: nobody does.
	Stdout io.Writer
	// Line is called with each line of the log, of the levels info and above; nil: it is not.
	Line func(line string)
	// Progress is called about twice a second; nil: it is not.
	Progress func(Progress)
}

// Input returns the arguments that open a file, with what guards them.
func Input(path string) []string {
	return []string{"-protocol_whitelist", Protocols, "-format_whitelist", Formats, "-codec_whitelist", Decoders, "-i", "file:" + path}
}

// Run runs ffmpeg. It returns DataErr when ffmpeg fails for what it read, and else IOErr (no space), TempFail (killed, no
// memory, or ctx was cancelled; the cause of ctx when that is an ExitError), Config (not installed) or Software.
func (t Tools) Run(ctx context.Context, c Command) error {
	args := []string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-y"}
	if t.Threads > 0 {
		n := strconv.Itoa(t.Threads)
		args = append(args, "-filter_threads", n, "-filter_complex_threads", n)
	}
	r := run{tools: t, stdout: c.Stdout, line: c.Line}
	if c.Progress != nil {
		args = append(args, "-progress", "pipe:3")
		r.progress = &progressParser{report: c.Progress}
	}
	return r.do(ctx, t.FFmpeg, append(args, c.Args...))
}

// Probe runs ffprobe on a file and returns the JSON that it prints of the container and its streams.
func (t Tools) Probe(ctx context.Context, path string, options ...string) ([]byte, error) {
	var out bytes.Buffer
	args := append([]string{"-hide_banner", "-loglevel", "level+warning", "-print_format", "json", "-show_format", "-show_streams"}, options...)
	r := run{tools: t, stdout: &out, cpu: cpuLimit(path, 4<<20)}
	if err := r.do(ctx, t.FFprobe, append(args, Input(path)...)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Packets runs ffprobe on a file, without decoding it, and calls line with each line that it prints of the packets, with
// these entries as comma-separated values. It returns what ffprobe says when the file ends within a packet, and is empty
// when that is not so.
func (t Tools) Packets(ctx context.Context, path, entries string, line func(string)) (cut string, err error) {
	out := &lineWriter{line: line}
	r := run{tools: t, stdout: out, cpu: cpuLimit(path, 1<<20), line: func(said string) {
		if cut == "" && saysCut(said) {
			cut = clean(said)
		}
	}}
	args := []string{"-hide_banner", "-loglevel", "level+warning", "-show_entries", entries, "-print_format", "csv=print_section=0"}
	if err := r.do(ctx, t.FFprobe, append(args, Input(path)...)); err != nil {
		return "", err
	}
	out.flush()
	return cut, nil
}

// cpuLimit returns how many seconds of CPU a file may cost that is not decoded: one, and one more for each so many bytes.
func cpuLimit(path string, each int64) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 1 // ffmpeg says what is wrong
	}
	return 1 + info.Size()/each
}

// saysCut knows what ffmpeg's demuxers say of a file that ends within a packet.
func saysCut(line string) bool {
	for _, words := range []string{"File ended prematurely", "Truncating packet of size", "partial file"} {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// DecoderThreads returns the arguments that bound the threads of the input or output that follows.
func (t Tools) DecoderThreads() []string {
	if t.Threads <= 0 {
		return nil
	}
	return []string{"-threads", strconv.Itoa(t.Threads)}
}

// run is one process.
type run struct {
	tools    Tools
	stdout   io.Writer
	line     func(string)
	progress *progressParser
	cpu      int64 // seconds; 0: no bound
	errors   tail
	noSpace  bool   // for what is written
	changes  bool   // of the sound's format
	last     string // line
}

func (r *run) do(ctx context.Context, program string, args []string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return sysexits.New(sysexits.Config, err, "%s is not installed; use the operator's media image, or install ffmpeg", program)
	}
	if path, err = filepath.Abs(path); err != nil {
		return sysexits.New(sysexits.Config, err, "cannot find %s", program)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = r.tools.Dir
	cmd.Env = r.environment()
	box := sandbox{
		Program: path, Read: inputs(args), Dir: r.tools.Dir, Libraries: filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), Memory: r.tools.MaxMemory, CPU: r.cpu,
	}
	if err := box.confine(cmd); err != nil {
		return sysexits.New(sysexits.Software, err, "cannot confine %s", program)
	}
	cmd.Stdout = r.stdout
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 10 * time.Second
	log := &lineWriter{line: r.take}
	cmd.Stderr = log
	finish, err := r.pipeProgress(cmd)
	if err != nil {
		return sysexits.New(sysexits.TempFail, err, "cannot run %s", program)
	}
	// The kernel ends the process when the thread that started it ends, so this thread stays until the process has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err = cmd.Start(); err == nil {
		err = cmd.Wait()
	}
	finish()
	log.flush()
	return r.exitError(ctx, program, err)
}

// inputs returns the files that ffmpeg's arguments open for reading.
func inputs(args []string) (paths []string) {
	for i, arg := range args {
		if path, ok := strings.CutPrefix(arg, "file:"); ok && i > 0 && args[i-1] == "-i" {
			paths = append(paths, path)
		}
	}
	return paths
}

// environment keeps what is needed to find libraries and a place for temporary files, and no credentials.
func (r *run) environment() []string {
	env := []string{"LANG=C.UTF-8", "HOME=" + r.tools.Dir, "TMPDIR=" + r.tools.Dir, "AV_LOG_FORCE_NOCOLOR=1"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// pipeProgress gives the process a pipe for its progress, as descriptor 3, and returns what to call when it has ended.
func (r *run) pipeProgress(cmd *exec.Cmd) (finish func(), err error) {
	if r.progress == nil {
		return func() {}, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{write}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := &lineWriter{line: r.progress.line}
		_, _ = io.Copy(lines, read) // it ends when the process does
	}()
	return func() {
		_ = write.Close() // ours; the process has its own
		<-ended
		_ = read.Close() // all was read
	}, nil
}

// take reads one line of the log.
func (r *run) take(line string) {
	if level := levelOf(line); level != "info" && level != "" {
		if level == "error" || level == "fatal" || level == "panic" {
			r.errors.add(clean(line))
			r.changes = r.changes || strings.Contains(line, "Changing audio frame properties on the fly is not supported")
			r.noSpace = r.noSpace || strings.Contains(line, "No space left on device") || strings.Contains(line, "Disk quota exceeded")
		}
		if r.tools.Log != nil {
			r.tools.Log.Debug("ffmpeg", "line", line)
		}
	}
	r.last = line
	if r.line != nil {
		r.line(line)
	}
}

// exitError returns an ExitError for how the process ended.
func (r *run) exitError(ctx context.Context, program string, err error) error {
	var exit *exec.ExitError
	var cause *sysexits.ExitError
	said := r.errors.String()
	switch {
	case err == nil && !r.noSpace: // ffmpeg does not fail for a file whose last part could not be written
		return nil
	case err != nil && ctx.Err() != nil && errors.As(context.Cause(ctx), &cause):
		return cause
	case err != nil && ctx.Err() != nil:
		return sysexits.New(sysexits.TempFail, context.Cause(ctx), "interrupted")
	case r.noSpace:
		return sysexits.New(sysexits.IOErr, nil, "the scratch folder %s is full; give it more room, by a larger volume or --scratch-dir", r.tools.Dir)
	case outOfMemory(said), said == "" && outOfMemory(r.last):
		return sysexits.New(sysexits.TempFail, nil, "%s ran out of memory; raise --max-memory or the container's limit, or lower --threads", program)
	case strings.HasPrefix(r.last, sandboxFailed):
		return sysexits.New(sysexits.Software, nil, "cannot confine %s: %s", program, strings.TrimPrefix(r.last, sandboxFailed))
	case r.changes:
		return sysexits.New(sysexits.DataErr, ErrSoundChanges, "%s cannot work on the file", program)
	case !errors.As(err, &exit):
		return sysexits.New(sysexits.Software, err, "cannot run %s", program)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return r.killed(program, status.Signal())
	}
	if said == "" && r.last != "" { // such as the loader's, of a library that is missing
		said = clean(r.last)
	}
	if said == "" {
		said = fmt.Sprintf("exit code %d, and it does not say why", exit.ExitCode())
	}
	return sysexits.New(sysexits.DataErr, nil, "%s cannot work on the file: %s", program, said)
}

// killed makes an ExitError of the signal that ended the process.
func (r *run) killed(program string, signal syscall.Signal) error {
	switch {
	case signal == syscall.SIGKILL && r.cpu == 0:
		return sysexits.New(sysexits.TempFail, nil, "%s was killed; if it ran out of memory, raise the container's limit, or lower --threads", program)
	case r.cpu > 0 && (signal == syscall.SIGXCPU || signal == syscall.SIGKILL):
		return sysexits.New(sysexits.DataErr, nil, "%s needs more than %d s of CPU to read the file's headers; no recorder writes such a file", program, r.cpu)
	}
	return sysexits.New(sysexits.DataErr, nil, "%s crashed (%s) on this file", program, signal)
}

// outOfMemory knows what ffmpeg, its libraries, and the loader of these say.
func outOfMemory(said string) bool {
	said = strings.ToLower(said)
	return strings.Contains(said, "cannot allocate memory") || strings.Contains(said, "failed to map segment") || strings.Contains(said, "malloc failed") ||
		strings.Contains(said, "malloc of size")
}
