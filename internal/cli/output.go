// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var (
	tableFormats  = []string{"json", "yaml", "name", "wide"}
	objectFormats = []string{"json", "yaml", "name"}
)

// formatFlag is --output, limited to some formats.
type formatFlag struct {
	value   *string
	formats []string
}

func (f formatFlag) String() string { return *f.value }
func (f formatFlag) Type() string   { return "format" }
func (f formatFlag) Set(value string) error {
	if !slices.Contains(f.formats, value) {
		return fmt.Errorf("unknown format: use %s", strings.Join(f.formats, ", "))
	}
	*f.value = value
	return nil
}

func addOutputFlag(cmd *cobra.Command, value *string, formats []string) {
	cmd.Flags().VarP(formatFlag{value, formats}, "output", "o", "Output format: "+strings.Join(formats, ", ")+".")
	// It fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// usesColor reports whether to color what is written: on a terminal, unless NO_COLOR is set (no-color.org).
func usesColor(out io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(out)
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// terminalSize returns the columns and rows of a terminal; 0 and 0 where the stream is none.
func terminalSize(stream any) (width, height int) {
	if !isTerminal(stream) {
		return 0, 0
	}
	width, height, err := term.GetSize(int(stream.(*os.File).Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// printObjects writes recordings as one List, page by page. It reads them without our types, so that no field is lost.
func (l *listOptions) printObjects(ctx context.Context, c client.Client, options []client.ListOption) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	w := listWriter{out: l.Out, yaml: l.output == "yaml"}
	_, err := eachPage(ctx, c, list, options, func(page *unstructured.UnstructuredList) error {
		return w.page(page.Items, l)
	})
	if err != nil {
		namespace, _ := l.namespace()
		return explain(err, "list", "meetingrecordings", l.scope(namespace))
	}
	return w.end()
}

// listWriter writes a List without holding all of its items.
type listWriter struct {
	out   io.Writer
	yaml  bool
	items int
}

func (w *listWriter) page(items []unstructured.Unstructured, l *listOptions) error {
	for i := range items {
		matches, err := l.matchesUnstructured(&items[i])
		if err != nil {
			return err
		}
		if !matches {
			continue
		}
		if err := w.item(items[i].Object); err != nil {
			return err
		}
	}
	return nil
}

func (w *listWriter) item(object map[string]any) error {
	begin := map[bool]string{true: "apiVersion: v1\nkind: List\nitems:\n", false: "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": [\n        "}[w.yaml]
	between := map[bool]string{true: "", false: ",\n        "}[w.yaml]
	prefix := between
	if w.items == 0 {
		prefix = begin
	}
	w.items++
	text, err := w.encode(object)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w.out, prefix+text)
	return err
}

func (w *listWriter) encode(object map[string]any) (string, error) {
	if !w.yaml {
		text, err := json.MarshalIndent(object, "        ", "    ")
		return string(text), err
	}
	text, err := yaml.Marshal(object)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return "- " + strings.Join(lines, "\n  ") + "\n", nil
}

func (w *listWriter) end() error {
	text := map[bool]string{true: "", false: "\n    ]\n}\n"}[w.yaml]
	if w.items == 0 {
		text = map[bool]string{true: "apiVersion: v1\nkind: List\nitems: []\n", false: "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": []\n}\n"}[w.yaml]
	}
	_, err := io.WriteString(w.out, text)
	return err
}

// printObject writes one object.
func printObject(out io.Writer, format string, object any) error {
	var text []byte
	var err error
	if format == "yaml" {
		text, err = yaml.Marshal(object)
	} else if text, err = json.MarshalIndent(object, "", "    "); err == nil {
		text = append(text, '\n')
	}
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
