// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
)

// HTTPOptions say where an engine is and how to reach it.
type HTTPOptions struct {
	// URL is the whole endpoint, such as https://host/v1/audio/transcriptions.
	URL string
	// Key is sent as a bearer token; empty: none is.
	Key string
	// AllowHTTP allows http beside https.
	AllowHTTP bool
	// AllowPrivateAddresses allows an engine at an address that is not public, as in the cluster.
	AllowPrivateAddresses bool
	// UserAgent is sent with each request.
	UserAgent string
}

// HTTP is an engine that takes POST /v1/audio/transcriptions, as OpenAI describes it.
type HTTP struct {
	url    *url.URL
	key    string
	agent  string
	opts   Options
	client *http.Client
}

// NewHTTP returns an engine. It returns an ExitError: Usage for a URL that is none, NoPerm for http that is not allowed.
func NewHTTP(endpoint HTTPOptions, opts Options) (*HTTP, error) {
	u, err := url.Parse(endpoint.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, sysexits.New(sysexits.Usage, nil, "--engine-url is not a URL such as https://host/v1/audio/transcriptions")
	}
	if u.Scheme == "http" && !endpoint.AllowHTTP {
		return nil, sysexits.New(sysexits.NoPerm, nil,
			"the engine %s uses http, which anyone on the path can read; use https, or --engine-allow-http for one in the cluster", u.Host)
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !endpoint.AllowPrivateAddresses {
		dialer.Control = guardAddress
	}
	return &HTTP{url: u, key: endpoint.Key, agent: endpoint.UserAgent, opts: opts, client: &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10},
		// A redirect would send the recording, and the key, to somewhere that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// String implements Engine.
func (h *HTTP) String() string { return "the engine " + h.url.Host }

// guardAddress checks the address that is about to be connected to, as sources are checked.
func guardAddress(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return sysexits.New(sysexits.NoPerm, err, "cannot check the engine's address")
	}
	if what := source.Refusal(target.Addr()); what != "" {
		return sysexits.New(sysexits.NoPerm, nil,
			"the engine is at %s, which is %s; if it is yours, use --engine-allow-private-addresses", target.Addr(), what)
	}
	return nil
}

// Attempt implements Engine.
func (h *HTTP) Attempt(ctx context.Context, audio Audio) (transcript.Answer, error) {
	body, contentType, size, err := h.form(audio)
	if err != nil {
		return transcript.Answer{}, sysexits.New(sysexits.Software, err, "cannot write the request")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), body)
	if err != nil {
		return transcript.Answer{}, sysexits.New(sysexits.Usage, nil, "--engine-url is not a URL that can be requested")
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", h.agent)
	if h.key != "" {
		req.Header.Set("Authorization", "Bearer "+h.key)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return transcript.Answer{}, h.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }() // what is needed of it was read
	if err := h.check(resp); err != nil {
		return transcript.Answer{}, err
	}
	return readAnswer(resp.Body, h)
}

// form returns the request's body, which reads the sound as it is sent.
func (h *HTTP) form(audio Audio) (body io.Reader, contentType string, size int64, err error) {
	var head, tail bytes.Buffer
	form := multipart.NewWriter(&head)
	fields := [][2]string{{"response_format", h.opts.ResponseFormat}, {"temperature", "0"}}
	for _, field := range [][2]string{{"model", h.opts.Model}, {"language", h.opts.Language}, {"prompt", h.opts.Prompt}} {
		if field[1] != "" {
			fields = append(fields, field)
		}
	}
	if h.opts.ResponseFormat == VerboseJSON {
		fields = append(fields, [2]string{"timestamp_granularities[]", "segment"}, [2]string{"timestamp_granularities[]", "word"})
	}
	for _, field := range fields {
		err = errors.Join(err, form.WriteField(field[0], field[1]))
	}
	// The file comes last, so that servers that read the form as it comes know the options first.
	_, createErr := form.CreateFormFile("file", "audio.wav")
	end := multipart.NewWriter(&tail)
	err = errors.Join(err, createErr, end.SetBoundary(form.Boundary()), end.Close())
	body = io.MultiReader(&head, audio.Open(), &tail)
	return body, form.FormDataContentType(), int64(head.Len()) + audio.Size + int64(tail.Len()), err
}

// unreachable makes an ExitError of the HTTP client's error, without the URL, which may have a secret.
func (h *HTTP) unreachable(err error) error {
	var exit *sysexits.ExitError
	if errors.As(err, &exit) {
		return exit
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	// net.ErrClosed: the transport closed the connection while it still sent, because the engine had.
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return sysexits.New(sysexits.Unavailable, err, "%s closed the connection without an answer; its log may say why", h)
	}
	return sysexits.New(sysexits.Unavailable, err, "cannot reach %s; is it running?", h)
}

// check returns nil for 200.
func (h *HTTP) check(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	exit := func(code int, hint string) *sysexits.ExitError {
		return sysexits.New(code, nil, "%s answered %s%s; %s", h, strings.TrimSpace(strconv.Itoa(resp.StatusCode)+" "+http.StatusText(resp.StatusCode)), h.said(resp), hint)
	}
	wait := source.RetryAfter(resp, time.Now())
	busy := "it takes no more requests for now"
	if wait > 0 {
		busy += ", and asks to wait " + wait.Round(time.Second).String()
	}
	switch code := resp.StatusCode; {
	case code >= 300 && code < 400:
		return exit(sysexits.Protocol, "redirects are not followed: set --engine-url to the final URL")
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		if h.key == "" {
			return exit(sysexits.NoPerm, "give its API key by --api-key-file")
		}
		return exit(sysexits.NoPerm, "check the key in --api-key-file")
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusGone:
		return exit(sysexits.Config, "set --engine-url to the whole endpoint, such as https://host/v1/audio/transcriptions, and --model to one that it has")
	case code == http.StatusRequestEntityTooLarge:
		return exit(sysexits.Config, "lower --max-chunk-bytes or --max-chunk-duration")
	case code == http.StatusTooManyRequests:
		return after(exit(sysexits.TempFail, busy), wait)
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		return after(exit(sysexits.Unavailable, "its log may say why"), wait)
	case code >= 400 && code < 500:
		return exit(sysexits.Config, "check --language, --model, --prompt and --response-format")
	}
	return exit(sysexits.Protocol, "only 200 has a transcript")
}

// said returns what the engine says beside its status, without the key.
func (h *HTTP) said(resp *http.Response) string {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // a status without a text suffices
	text := transcript.ErrorText(body)
	if h.key != "" {
		text = strings.ReplaceAll(text, h.key, "(key)")
	}
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
