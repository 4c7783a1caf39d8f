// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// maxRoutesFileBytes is what a Secret may hold.
	maxRoutesFileBytes = 1 << 20
	// maxRoutes bounds what is compared for each request.
	maxRoutes = 1000
)

// Fields of a route in the file.
const (
	fieldNamespace      = "namespace"
	fieldEndpoint       = "endpointToken"
	fieldEndpointSHA256 = "endpointTokenSHA256"
	fieldClient         = "clientToken"
	fieldClientSHA256   = "clientTokenSHA256"
)

var routeFields = []string{fieldNamespace, fieldEndpoint, fieldEndpointSHA256, fieldClient, fieldClientSHA256}

var (
	hashShape = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	yamlLine  = regexp.MustCompile(`line (\d+)`)
)

// parseRoutes reads the routes of a file. Its errors name the line and the
// field, and hold nothing that a secret may be in: whoever wrote it into the
// wrong place must not find it in the log.
func parseRoutes(content []byte) ([]route, error) {
	document, err := decodeRoutes(content)
	if err != nil {
		return nil, err
	}
	fields, err := readMapping(document, "the file", "routes")
	if err != nil {
		return nil, err
	}
	list := fields["routes"]
	switch {
	case list == nil || list.Kind != yaml.SequenceNode || len(list.Content) == 0:
		return nil, errors.New("routes is missing or no list: it must hold one or more routes, such as {namespace: team-a, endpointToken: ...}")
	case len(list.Content) > maxRoutes:
		return nil, fmt.Errorf("routes has %d entries; at most %d are served", len(list.Content), maxRoutes)
	}
	p := &routesParser{seen: map[secretHash]string{}}
	routes := make([]route, 0, len(list.Content))
	for i, node := range list.Content {
		r, err := p.route(fmt.Sprintf("routes[%d]", i), node)
		if err != nil {
			return nil, err
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// decodeRoutes returns the only document's content.
func decodeRoutes(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty; it must hold routes")
	case err != nil:
		return nil, notYAML(err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document, or text behind it")
	}
	return document.Content[0], nil
}

// notYAML keeps of the parser's error what cannot hold a secret.
func notYAML(err error) error {
	if line := yamlLine.FindStringSubmatch(err.Error()); line != nil {
		return fmt.Errorf("is not valid YAML, near line %s", line[1])
	}
	return errors.New("is not valid YAML")
}

// readMapping returns the fields of a mapping, all of which must be known.
func readMapping(node *yaml.Node, name string, known ...string) (map[string]*yaml.Node, error) {
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: %s must be a mapping with the fields %s", node.Line, name, strings.Join(known, ", "))
	}
	fields := make(map[string]*yaml.Node, len(node.Content)/2)
	for pair := range slices.Chunk(node.Content, 2) {
		key := pair[0]
		switch {
		case key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value):
			// The key is not quoted: it may be a secret without its field's name.
			return nil, fmt.Errorf("line %d: %s has an unknown field; the fields are %s", key.Line, name, strings.Join(known, ", "))
		case fields[key.Value] != nil:
			return nil, fmt.Errorf("line %d: %s has %s twice", key.Line, name, key.Value)
		}
		fields[key.Value] = pair[1]
	}
	return fields, nil
}

// routesParser reads routes, no two of which may have the same secret.
type routesParser struct {
	seen map[secretHash]string // the first field with the secret
}

func (p *routesParser) route(name string, node *yaml.Node) (r route, err error) {
	fields, err := readMapping(node, name, routeFields...)
	if err != nil {
		return route{}, err
	}
	namespace := fields[fieldNamespace]
	if namespace == nil {
		return route{}, fmt.Errorf("line %d: %s.namespace is missing", node.Line, name)
	}
	if r.namespace, err = scalar(namespace, name+"."+fieldNamespace); err != nil {
		return route{}, err
	}
	if problems := validation.IsDNS1123Label(r.namespace); len(problems) > 0 {
		return route{}, fmt.Errorf("line %d: %s.namespace is not a namespace: %s", namespace.Line, name, strings.Join(problems, "; "))
	}
	if r.endpoint, err = p.secret(fields, name, fieldEndpoint, fieldEndpointSHA256); err != nil {
		return route{}, err
	}
	if r.client, err = p.secret(fields, name, fieldClient, fieldClientSHA256); err != nil {
		return route{}, err
	}
	if r.endpoint == nil && r.client == nil {
		return route{}, fmt.Errorf("line %d: %s has no secret; it needs one of %s", node.Line, name, strings.Join(routeFields[1:], ", "))
	}
	return r, nil
}

// secret returns what is under one of two fields, nil where neither is there.
func (p *routesParser) secret(fields map[string]*yaml.Node, name, plain, hashed string) (*secretHash, error) {
	node, field := fields[plain], name+"."+plain
	if node != nil && fields[hashed] != nil {
		return nil, fmt.Errorf("line %d: %s contradicts %s: give one of them", node.Line, field, hashed)
	}
	read := hashOf
	if node == nil {
		node, field, read = fields[hashed], name+"."+hashed, hashFrom
	}
	if node == nil {
		return nil, nil
	}
	text, err := scalar(node, field)
	if err != nil {
		return nil, err
	}
	hash, problem := read(text)
	if problem != "" {
		return nil, fmt.Errorf("line %d: %s %s", node.Line, field, problem)
	}
	if before := p.seen[hash]; before != "" {
		return nil, fmt.Errorf("line %d: %s is the same secret as %s", node.Line, field, before)
	}
	p.seen[hash] = field
	return &hash, nil
}

// hashFrom returns the hash that is written in hexadecimal digits, or what is
// wrong with the text.
func hashFrom(digits string) (hash secretHash, problem string) {
	if !hashShape.MatchString(digits) {
		return hash, `must have 64 hexadecimal digits; make them with: printf %s "$TOKEN" | sha256sum`
	}
	if _, err := hex.Decode(hash[:], []byte(digits)); err != nil {
		return hash, err.Error() // impossible for that shape
	}
	return hash, ""
}

// scalar returns a text as it stands in the file: one of digits only is a
// number to YAML, and a secret all the same.
func scalar(node *yaml.Node, field string) (string, error) {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return "", fmt.Errorf("line %d: %s must be a text", node.Line, field)
	}
	return node.Value, nil
}
