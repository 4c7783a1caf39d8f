// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

type outputsOptions struct {
	*options
	output   string
	download string
}

func newOutputsCommand(o *options) *cobra.Command {
	u := &outputsOptions{options: o}
	cmd := &cobra.Command{
		Use:     "outputs NAME",
		GroupID: groupInspect,
		Short:   "List or download what a recording's steps produced",
		Long: `List what a recording's steps produced.

--download fetches the outputs that have an http or https URL into a directory, as PIPELINE-STEP-OUTPUT with the extension of
the URL and a number where names would be equal. It checks each against the SHA-256 in the status. Others, such as s3:// and file://, are named and left out: fetch
those with the storage's own tools.`,
		Example: `  kubectl recording outputs NAME
  kubectl recording outputs NAME --download .`,
		Args:              exactName,
		ValidArgsFunction: o.completeName,
		RunE:              func(cmd *cobra.Command, args []string) error { return u.run(cmd.Context(), args[0]) },
	}
	addOutputFlag(cmd, &u.output, []string{"json", "yaml"})
	cmd.Flags().StringVar(&u.download, "download", "", "Directory to download the outputs into.")
	return cmd
}

func (u *outputsOptions) run(ctx context.Context, name string) error {
	namespace, c, err := u.target()
	if err != nil {
		return err
	}
	recording, err := u.recording(ctx, c, namespace, name)
	if err != nil {
		return err
	}
	outputs := view.Outputs(recording)
	switch {
	case u.download != "":
		return u.downloadAll(ctx, outputs)
	case u.output != "":
		return printObject(u.Out, u.output, outputs)
	case len(outputs) == 0:
		_, err := fmt.Fprintf(u.ErrOut, "Recording %s has no outputs.\n", name)
		return err
	}
	_, err = fmt.Fprintln(u.Out, strings.Join(view.Table(outputs), "\n"))
	return err
}

// downloadAll fetches every output that it can; one that fails does not stop the others.
func (u *outputsOptions) downloadAll(ctx context.Context, outputs []view.Output) error {
	if err := os.MkdirAll(u.download, 0o755); err != nil { //nolint:gosec // the user's own umask decides
		return fmt.Errorf("create the directory of --download: %w", err)
	}
	var failures []error
	files := fileNames(outputs)
	for i, output := range outputs {
		if output.URL == "" {
			continue // it has values only
		}
		name := view.Clean(output.Pipeline + "/" + output.Step + "/" + output.Name)
		file, err := download(ctx, output, filepath.Join(u.download, files[i]))
		switch {
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case errors.Is(err, errNotHTTP):
			if _, err := fmt.Fprintf(u.ErrOut, "%s: left out, not an http or https URL: %s\n", name, view.Clean(output.URL)); err != nil {
				return err
			}
		case err != nil:
			failures = append(failures, fmt.Errorf("download %s: %w", name, err))
		default:
			if _, err := fmt.Fprintln(u.Out, file); err != nil {
				return err
			}
		}
	}
	return errors.Join(failures...)
}

var errNotHTTP = errors.New("not an http or https URL")

// downloadTimeout bounds connecting and waiting for the response, not the transfer.
const downloadTimeout = 30 * time.Second

// download fetches one output into a file, and returns that. The file appears when it is complete and its checksum is right.
func download(ctx context.Context, output view.Output, file string) (stored string, err error) {
	address, err := url.Parse(output.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") {
		return "", errNotHTTP
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, output.URL, http.NoBody)
	if err != nil {
		return "", err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = downloadTimeout
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server responded %s: the URL may have expired", response.Status)
	}
	return save(response.Body, file, output.SHA256)
}

// unfit is what a file's name does not keep of a text from a container: it could name another directory, or write to the terminal.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// fileNames returns a name for each output: PIPELINE-STEP-OUTPUT and the extension of its URL, no longer than file systems allow. Where
// outputs would share a name, also one that differs in case only, the later have a number.
func fileNames(outputs []view.Output) []string {
	taken := map[string]bool{}
	names := make([]string, 0, len(outputs))
	for _, output := range outputs {
		stem, extension := fileName(output)
		name := stem + extension
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d%s", stem, n, extension)
		}
		taken[strings.ToLower(name)] = true
		names = append(names, name)
	}
	return names
}

func fileName(output view.Output) (stem, extension string) {
	const longest, longestExtension = 200, 20
	if address, err := url.Parse(output.URL); err == nil {
		extension = unfit.ReplaceAllString(path.Ext(address.Path), "_")
	}
	stem = unfit.ReplaceAllString(output.Pipeline+"-"+output.Step+"-"+output.Name, "_")
	return stem[max(len(stem)-longest, 0):], extension[:min(len(extension), longestExtension)]
}

func save(body io.Reader, file, want string) (string, error) {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".download-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already where the download succeeded
	digest := sha256.New()
	_, err = io.Copy(io.MultiWriter(temporary, digest), body)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return "", err
	}
	if got := hex.EncodeToString(digest.Sum(nil)); want != "" && got != want {
		return "", fmt.Errorf("the SHA-256 is %s, the status has %s: the file was changed since", got, want)
	}
	return file, os.Rename(temporary.Name(), file)
}
