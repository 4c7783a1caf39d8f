// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command crdtrim makes a CustomResourceDefinition that embeds a Job template small enough for a plain kubectl apply, which keeps
// the whole object in an annotation of at most 256 KiB.
//
// Below the property named by -embedded it drops the descriptions, which are Kubernetes' own and take three quarters of the file,
// drops ephemeralContainers, which no template may have, and writes small nodes on one line. Our own descriptions stay.
//
// It also makes quantities accept fractions, such as an unquoted cpu: 0.5, as a Job does, and has the API server reject what Go cannot
// decode: one such object would keep every cache from being synced. These are times that RFC 3339 does not have, quantities with a broken
// exponent, and numbers beyond 32 bits where text is accepted too.
//
//	crdtrim -embedded template FILE...
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// oneLine is the length, in characters, up to which a node is written on one line.
const oneLine = 120

func main() {
	embedded := flag.String("embedded", "template", "name of the property below which to trim")
	micro := flag.String("micro", "status.recording,status.processing.lastTransitionTime,status.delivery", "paths of times with microseconds")
	flag.Parse()
	for _, file := range flag.Args() {
		if err := trimFile(file, *embedded, strings.Split(*micro, ",")); err != nil {
			fmt.Fprintf(os.Stderr, "crdtrim: %s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func trimFile(file, embedded string, micro []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return err
	}
	trimBelow(&document, embedded)
	checkTimes(&document, "", micro)

	out := bytes.NewBufferString("---\n")
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// trimBelow trims the schema of the first property of the given name on every path.
func trimBelow(node *yaml.Node, embedded string) {
	if properties := value(node, "properties"); properties != nil {
		if schema := value(properties, embedded); schema != nil {
			for _, key := range []string{"properties", "items"} {
				if below := value(schema, key); below != nil {
					trimSchema(below, key == "properties")
				}
			}
			return
		}
	}
	for _, child := range node.Content {
		trimBelow(child, embedded)
	}
}

// checkTimes gives every time a pattern, because the format date-time accepts more than Go does: a metav1.MicroTime below one of the micro
// paths, a metav1.Time elsewhere. A path has the names of properties.
func checkTimes(node *yaml.Node, path string, micro []string) {
	if format := value(node, "format"); format != nil && format.Value == "date-time" {
		fraction := `(\.[0-9]+)?`
		if slices.ContainsFunc(micro, func(prefix string) bool { return strings.HasPrefix(path+".", prefix+".") }) {
			fraction = `\.[0-9]{6}`
		}
		add(node, `pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}`+fraction+`(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'`)
	}
	properties := value(node, "properties")
	for i := 0; properties != nil && i < len(properties.Content); i += 2 {
		checkTimes(properties.Content[i+1], strings.TrimPrefix(path+"."+properties.Content[i].Value, "."), micro)
	}
	for _, child := range node.Content {
		if child != properties {
			checkTimes(child, path, micro)
		}
	}
}

// trimSchema trims a schema, or a map of schemas by the name of their property, and returns the length of its one-line form.
func trimSchema(node *yaml.Node, byName bool) int {
	if node.Kind != yaml.MappingNode {
		length := len(node.Value) + 2
		for _, child := range node.Content {
			length += trimSchema(child, false)
		}
		return fold(node, length)
	}
	if !byName && value(node, "x-kubernetes-int-or-string") != nil {
		if value(node, "pattern") != nil {
			node.Content = nil
			add(node, quantity)
		} else {
			add(node, "{minimum: -2147483648, maximum: 2147483647}")
		}
	}
	kept := make([]*yaml.Node, 0, len(node.Content))
	length := 2
	for i := 0; i < len(node.Content); i += 2 {
		key, child := node.Content[i], node.Content[i+1]
		if !byName && key.Value == "description" || byName && key.Value == "ephemeralContainers" {
			continue
		}
		kept = append(kept, key, child)
		length += len(key.Value) + 4 + trimSchema(child, !byName && key.Value == "properties")
	}
	node.Content = kept
	return fold(node, length)
}

// quantity is the schema of a resource.Quantity: any number, and strings that Go parses. A structural schema cannot say "number or
// string", only "integer or string", so this one has no type and excludes everything else.
const quantity = `
maxItems: 0
minItems: 1
maxProperties: 0
minProperties: 1
not: {enum: [true, false]}
x-kubernetes-preserve-unknown-fields: true
pattern: ^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?$
`

// add adds the members of a schema to a node.
func add(node *yaml.Node, schema string) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(schema), &document); err != nil {
		panic(err) // the text is constant
	}
	node.Content = append(node.Content, document.Content[0].Content...)
}

func fold(node *yaml.Node, length int) int {
	if node.Kind != yaml.ScalarNode && length <= oneLine {
		node.Style |= yaml.FlowStyle
	}
	return length
}

func value(node *yaml.Node, key string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}
