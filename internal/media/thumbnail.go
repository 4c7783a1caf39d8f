// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/frames"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// ThumbnailOptions are those of Thumbnail.
type ThumbnailOptions struct {
	// Interval is the least time between two thumbnails in seconds; 0: so that there are enough and not too many.
	Interval float64
	// Size is the longer side of a thumbnail; a picture of the contact sheet has twice that.
	Size int
}

// shots are pictures of a recording in the step's folder, and how to make a large one.
type shots struct {
	duration, interval float64
	video              *probe.Video
	count              int
	times              []float64 // of each, in seconds
	of                 []int     // of thumbnail i, the picture
	small, large       image.Point
	input              []string                // ffmpeg's arguments
	large1             func(shot int) []string // ffmpeg's arguments, from the input on, for one picture in full size
}

// Thumbnail makes a poster that is not black, a contact sheet, and thumbnails for players: a sprite and a WebVTT track.
// Of an MP4 file it fetches only the index and the frames that it shows, where the source serves parts. It returns DataErr
// for a recording without video.
func (s Step) Thumbnail(ctx context.Context, opts ThumbnailOptions) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		made, err := w.shoot(ctx, opts)
		if err != nil {
			return outputs.Message{}, err
		}
		return w.putShots(ctx, made)
	})
}

// shoot takes the pictures from an excerpt where that can be, and else from the whole recording.
func (w *work) shoot(ctx context.Context, opts ThumbnailOptions) (shots, error) {
	r, err := w.Recording.Open(ctx)
	if err != nil {
		return shots{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	index, err := w.index(ctx, r)
	if errors.Is(err, source.ErrNoRanges) {
		return w.shootAll(ctx, opts)
	}
	if err != nil {
		return shots{}, err
	}
	axis, ok := axisOf(index)
	if !ok {
		return w.shootAll(ctx, opts)
	}
	if index.Video() == nil {
		return shots{}, missing("video", "hasVideo")
	}
	made, err := w.shootExcerpt(ctx, r, index, axis, opts)
	if err == nil {
		if _, black, lookErr := w.choosePoster(ctx, made); lookErr != nil || black {
			err = errNoExcerpt // there may be a brighter picture between these
		}
	}
	if errors.Is(err, errNoExcerpt) || errors.Is(err, source.ErrNoRanges) {
		return w.shootAll(ctx, opts)
	}
	return made, err
}

// errNoExcerpt says that the frames that can be decoded alone do not do.
var errNoExcerpt = errors.New("no excerpt can be made")

// shootExcerpt fetches single frames into a small file.
func (w *work) shootExcerpt(ctx context.Context, r input.Reader, index *mp4.Index, axis timeline.Axis, opts ThumbnailOptions) (shots, error) {
	track := index.Video()
	span, _ := index.Span(track) // the axis was made of it
	duration := axis.Duration()
	interval := frames.Interval(duration, opts.Interval)
	pick, ok := frames.PickSamples(track, span.Zero-axis.Start, duration, interval)
	if !ok || r.Whole() && len(pick.Samples) < frames.MaxContacts {
		return shots{}, errNoExcerpt // what is here already costs nothing to decode
	}
	path := w.path("excerpt.mp4")
	err := w.writeFile(path, func(file *os.File) error {
		return index.WriteExcerpt(file, track, pick.Samples, func(s mp4.Sample) ([]byte, error) {
			if ctx.Err() != nil {
				return nil, interrupted(ctx)
			}
			data := make([]byte, s.Size)
			_, err := r.ReadAt(data, s.Offset)
			return data, err
		})
	})
	if errors.Is(err, mp4.ErrUnsupported) {
		return shots{}, errNoExcerpt
	}
	if err != nil {
		return shots{}, err
	}
	excerpt, err := input.Recording{Path: path}.Open(ctx)
	if err != nil {
		return shots{}, err
	}
	defer func() { _ = excerpt.Close() }() // it was only read
	info, err := w.info(ctx, excerpt)
	if err != nil || info.Video == nil {
		return shots{}, errNoExcerpt
	}
	s := shots{duration: duration, interval: interval, video: info.Video, of: pick.Of, input: w.input(path)}
	for _, sample := range pick.Samples {
		s.times = append(s.times, min(max(sample.Time, 0), duration))
	}
	s.large1 = func(shot int) []string {
		return append(w.input(path), "-vf", fmt.Sprintf("select=eq(n\\,%d),%s", shot, poster(s.video)))
	}
	if err := w.takeShots(ctx, &s, opts, "null", nil); err != nil {
		return shots{}, err
	}
	if s.count != len(pick.Samples) { // some could not be decoded alone after all
		return shots{}, errNoExcerpt
	}
	return s, nil
}

// shootAll decodes the whole recording.
func (w *work) shootAll(ctx context.Context, opts ThumbnailOptions) (shots, error) {
	r, err := w.open(ctx)
	if err != nil {
		return shots{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	if r.info.Video == nil {
		return shots{}, missing("video", "hasVideo")
	}
	duration := r.info.Duration
	s := shots{duration: duration, interval: frames.Interval(duration, opts.Interval), video: r.info.Video, input: w.onAxis(r)}
	s.large1 = func(shot int) []string {
		const before = 0.001 // so that no rounding misses the frame
		seek := max(s.times[shot]+r.start-r.info.Start-before, 0)
		return append([]string{"-ss", fmt.Sprintf("%.6f", seek)}, append(w.input(r.Name()), "-map", s.stream(), "-vf", poster(s.video))...)
	}
	least := min(s.interval*0.5, duration/frames.MaxContacts)
	every := fmt.Sprintf("select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,%g),showinfo=checksum=0", least)
	if err := w.takeShots(ctx, &s, opts, every, func(line string) {
		if _, after, ok := strings.Cut(line, " pts_time:"); ok {
			var seconds float64
			if _, err := fmt.Sscan(after, &seconds); err == nil {
				s.times = append(s.times, min(max(seconds, 0), duration))
			}
		}
	}); err != nil {
		return shots{}, err
	}
	s.count = min(s.count, len(s.times))
	if s.count == 0 {
		return shots{}, sysexits.New(sysexits.DataErr, nil, "no picture of the recording's video can be decoded")
	}
	s.times = s.times[:s.count]
	s.of = frames.NearestTimes(s.times, s.duration, s.interval)
	return s, nil
}

// stream returns ffmpeg's name of the video stream.
func (s shots) stream() string { return fmt.Sprintf("0:%d", s.video.Index) }

// poster is the filter of a picture in full size.
func poster(v *probe.Video) string { return plan.Canvas(v) + ",format=yuvj420p" }

// takeShots writes small-00001.png and large-00001.png and so on, of the pictures that a filter lets through.
func (w *work) takeShots(ctx context.Context, s *shots, opts ThumbnailOptions, filter string, line func(string)) error {
	w.removeShots() // of an attempt before
	s.small = image.Pt(frames.Fit(s.video.Width, s.video.Height, opts.Size))
	s.large = image.Pt(frames.Fit(s.video.Width, s.video.Height, 2*opts.Size))
	graph := fmt.Sprintf("[%s]%s,%s,split=2[a][b];[a]scale=%d:%d,format=rgb24[s];[b]scale=%d:%d,format=rgb24[l]",
		s.stream(), filter, plan.Canvas(s.video), s.small.X, s.small.Y, s.large.X, s.large.Y)
	args := append(append([]string(nil), s.input...), "-filter_complex", graph)
	for _, out := range []struct{ stream, name string }{{"[s]", "small"}, {"[l]", "large"}} {
		args = append(args, "-map", out.stream, "-fps_mode", "passthrough", "-frames:v", fmt.Sprint(2*frames.MaxThumbnails+2),
			"-c:v", "png", "-f", "image2", w.path(out.name+"-%05d.png"))
	}
	if err := w.run(ctx, "taking pictures", s.duration, ffmpeg.Command{Args: args, Line: line}); err != nil {
		return err
	}
	for s.count = 0; ; s.count++ {
		if _, err := os.Stat(w.shot("large", s.count)); err != nil {
			return nil //nolint:nilerr // the last one was before
		}
	}
}

func (w *work) removeShots() {
	for _, kind := range []string{"small", "large"} {
		for n := 0; os.Remove(w.shot(kind, n)) == nil; n++ {
		}
	}
}

func (w *work) shot(kind string, n int) string { return w.path(fmt.Sprintf("%s-%05d.png", kind, n+1)) }

// putShots makes the files and stores them.
func (w *work) putShots(ctx context.Context, s shots) (outputs.Message, error) {
	best, black, err := w.choosePoster(ctx, s)
	if err != nil {
		return outputs.Message{}, err
	}
	if black {
		w.Log.Warn("Every picture is black, including the poster")
	}
	args := append(s.large1(best), "-frames:v", "1", "-q:v", "2", "-f", "image2", "-update", "1", w.path("poster.jpg"))
	if err := w.Tools.Run(ctx, ffmpeg.Command{Args: args}); err != nil {
		return outputs.Message{}, err
	}
	if err := w.layOut(ctx, s); err != nil {
		return outputs.Message{}, err
	}
	var msg outputs.Message
	for _, file := range []struct {
		output, name, mediaType string
		values                  map[string]any
	}{
		{"poster", "poster.jpg", "image/jpeg", map[string]any{"seconds": s.times[best], "black": black}},
		{"contact-sheet", "contact-sheet.jpg", "image/jpeg", nil},
		{"sprite", "thumbnails.jpg", "image/jpeg", nil},
		{"thumbnails", "thumbnails.vtt", "text/vtt", map[string]any{"count": len(s.of), "intervalSeconds": s.interval}},
	} {
		output, err := w.put(ctx, file.output, w.path(file.name), file.name, file.mediaType)
		if err != nil {
			return outputs.Message{}, err
		}
		output.Values = file.values
		msg.Outputs = append(msg.Outputs, output)
	}
	return msg, nil
}

func (w *work) choosePoster(ctx context.Context, s shots) (best int, black bool, err error) {
	var looks []frames.Look
	for i := range s.count {
		if ctx.Err() != nil {
			return 0, false, interrupted(ctx)
		}
		img, err := w.picture("small", i)
		if err != nil {
			return 0, false, err
		}
		looks = append(looks, frames.LookAt(img))
	}
	best = frames.ChoosePoster(looks)
	return best, looks[best].Black(), nil
}

// layOut makes the sprite, its track and the contact sheet.
func (w *work) layOut(ctx context.Context, s shots) error {
	sprite := frames.NewSheet(len(s.of), frames.SpriteColumns, s.small)
	if err := w.draw(ctx, sprite, "small", s.of, "thumbnails.jpg"); err != nil {
		return err
	}
	track := frames.Track(sprite, "thumbnails.jpg", s.duration, s.interval)
	if err := w.writeFile(w.path("thumbnails.vtt"), func(file *os.File) error {
		_, err := file.WriteString(track)
		return err
	}); err != nil {
		return err
	}
	shown, columns := frames.ContactSheet(s.count)
	return w.draw(ctx, frames.NewSheet(len(shown), columns, s.large), "large", shown, "contact-sheet.jpg")
}

// draw puts pictures onto a sheet and writes it as JPEG.
func (w *work) draw(ctx context.Context, sheet *frames.Sheet, kind string, shown []int, name string) error {
	for i, shot := range shown {
		if ctx.Err() != nil {
			return interrupted(ctx)
		}
		img, err := w.picture(kind, shot)
		if err != nil {
			return err
		}
		sheet.Put(i, img)
	}
	return w.writeFile(w.path(name), func(file *os.File) error {
		return jpeg.Encode(file, sheet.Image(), &jpeg.Options{Quality: 80})
	})
}

func (w *work) picture(kind string, n int) (image.Image, error) {
	file, err := os.Open(w.shot(kind, n))
	if err != nil {
		return nil, sysexits.New(sysexits.Software, err, "a picture was not made")
	}
	defer func() { _ = file.Close() }() // it was only read
	img, err := png.Decode(file)
	if err != nil {
		return nil, sysexits.New(sysexits.Software, err, "a picture was not made well")
	}
	return img, nil
}
