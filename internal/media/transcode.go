// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// TranscodeOptions are those of Transcode.
type TranscodeOptions struct {
	// MP4 and HLS say what is made.
	MP4, HLS bool
	Preset   plan.Preset
	// MaxHeight bounds the shorter side of the MP4's picture; 0: it does not.
	MaxHeight int
	// Heights are the wanted rungs of the ladder; none: all that are not above the recording's own.
	Heights []int
	// SegmentSeconds is the target duration of HLS segments.
	SegmentSeconds int
	// TS makes MPEG-TS segments instead of fragmented MP4.
	TS bool
	// Reencode encodes also what browsers play as it is.
	Reencode bool
	// Extra are more arguments for ffmpeg's outputs; they have passed plan.CheckExtra.
	Extra []string
}

// Transcode makes of a recording what browsers play: an MP4 file whose index is at its front, a ladder of HLS renditions,
// or both. Both keep the recording's time axis. Pictures get 8 bits 4:2:0 and even sides. It returns DataErr for a
// recording without video.
func (s Step) Transcode(ctx context.Context, opts TranscodeOptions) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		r, err := w.open(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		shown, err := w.shown(r)
		if err != nil {
			return outputs.Message{}, err
		}
		var msg outputs.Message
		if opts.MP4 {
			output, err := w.makeMP4(ctx, shown, opts)
			if err != nil {
				return outputs.Message{}, err
			}
			msg.Outputs = append(msg.Outputs, output)
		}
		if opts.HLS {
			made, err := w.makeHLS(ctx, shown, opts)
			if err != nil {
				return outputs.Message{}, err
			}
			msg.Outputs = append(msg.Outputs, made...)
		}
		return msg, nil
	})
}

// shown is a recording whose picture and sound are put onto the axis.
type shown struct {
	*recording
	picture timeline.Picture
	sound   *timeline.Sound // nil: there is none
}

// shown returns DataErr for a recording without video.
func (w *work) shown(r *recording) (shown, error) {
	v := r.info.Video
	if v == nil {
		return shown{}, missing("video", "hasVideo")
	}
	s := shown{recording: r, picture: timeline.Picture{
		Axis: r.axis, Stream: v.Index, Rate: timeline.Rate(v.NominalRate, v.FrameRate), Filter: plan.Canvas(v),
	}}
	if r.info.Audio == nil {
		return s, nil
	}
	sound, err := w.sound(r)
	s.sound = &sound
	return s, err
}

func (w *work) makeMP4(ctx context.Context, r shown, opts TranscodeOptions) (outputs.Output, error) {
	m := plan.MP4{
		Info: r.info, Preset: opts.Preset, MaxHeight: opts.MaxHeight, Reencode: opts.Reencode, Picture: r.picture, Sound: r.sound, Extra: opts.Extra,
	}
	if m.Copies() {
		w.Log.Info("Copying streams without encoding")
	}
	if err := w.encode(ctx, r, m.Args(w.path("video.mp4")), opts.Extra); err != nil {
		return outputs.Output{}, err
	}
	output, err := w.put(ctx, "mp4", w.path("video.mp4"), "video.mp4", "video/mp4")
	output.Values = map[string]any{"copied": m.Copies(), "audioTracks": r.tracks()}
	_ = os.Remove(w.path("video.mp4")) // makes room early; all of the folder goes at the end
	return output, err
}

// tracks returns how many audio tracks are used.
func (r shown) tracks() int {
	if r.sound == nil {
		return 0
	}
	return len(r.sound.Tracks)
}

// encode runs ffmpeg, and blames arguments that were added too.
func (w *work) encode(ctx context.Context, r shown, args, extra []string) error {
	input := append(w.onAxis(r.recording), w.Tools.DecoderThreads()...)
	err := w.run(ctx, "encoding", r.info.Duration, ffmpeg.Command{Args: append(input, args...)})
	if sysexits.Code(err) == sysexits.DataErr && len(extra) > 0 {
		return sysexits.New(sysexits.DataErr, err, "the recording cannot be encoded, or not with %s of --ffmpeg-arg", strings.Join(extra, " "))
	}
	return err
}

func (w *work) makeHLS(ctx context.Context, r shown, opts TranscodeOptions) ([]outputs.Output, error) {
	ladder := plan.Ladder(r.info.Video.Width, r.info.Video.Height, opts.Heights)
	h := plan.HLS{
		Preset: opts.Preset, Ladder: ladder, SegmentSeconds: opts.SegmentSeconds, TS: opts.TS, Picture: r.picture, Sound: r.sound, Extra: opts.Extra,
	}
	folder, err := w.folder("hls")
	if err != nil {
		return nil, err
	}
	for _, rung := range ladder {
		if _, err := w.folder(filepath.Join("hls", rung.Name)); err != nil {
			return nil, err
		}
	}
	if err := w.encode(ctx, r, h.Args(folder), opts.Extra); err != nil {
		return nil, err
	}
	made, err := w.putHLS(ctx, folder, ladder)
	if err != nil {
		return nil, err
	}
	made[0].Values["audioTracks"] = r.tracks()
	return made, nil
}

// putHLS stores what is named before what names it, the master playlist last, so that no player finds a name without a
// file; then the checksums of all.
func (w *work) putHLS(ctx context.Context, folder string, ladder []plan.Rung) ([]outputs.Output, error) {
	names, err := filesBelow(folder)
	if err != nil {
		return nil, sysexits.New(sysexits.IOErr, err, "cannot read the scratch folder %s", w.Scratch)
	}
	slices.SortStableFunc(names, func(a, b string) int { return depth(a) - depth(b) })
	var sums strings.Builder
	var total int64
	var master outputs.Output
	for _, name := range names {
		stored, err := w.putFile(ctx, filepath.Join(folder, filepath.FromSlash(name)), "hls/"+name, hlsMediaType(name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&sums, "%s  %s\n", stored.SHA256, name)
		total += *stored.SizeBytes
		if name == plan.Master {
			master = stored
		}
	}
	if master.URL == "" {
		return nil, sysexits.New(sysexits.Software, nil, "ffmpeg made no master playlist")
	}
	checksums, err := w.Destination.Put(ctx, w.Prefix+"hls/SHA256SUMS", "text/plain", strings.NewReader(sums.String()))
	if err != nil {
		return nil, err
	}
	master.Name, checksums.Name = "hls", "hls-checksums"
	var rungs []string
	for _, r := range ladder {
		rungs = append(rungs, r.Name)
	}
	master.Values = map[string]any{"renditions": len(ladder), "names": strings.Join(rungs, " "), "files": len(names), "totalBytes": total}
	w.Log.Info("Stored output", "output", "hls", "url", master.URL, "files", len(names), "bytes", total)
	return []outputs.Output{master, checksums}, nil
}

// filesBelow returns the slash-separated names of all files below a folder.
func filesBelow(folder string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// depth orders files by what names what.
func depth(name string) int {
	switch {
	case name == plan.Master:
		return 2
	case path.Ext(name) == ".m3u8":
		return 1
	}
	return 0
}

func hlsMediaType(name string) string {
	switch path.Ext(name) {
	case ".m3u8":
		return "application/vnd.apple.mpegurl"
	case ".ts":
		return "video/mp2t"
	case ".m4s":
		return "video/iso.segment"
	}
	return "video/mp4"
}
