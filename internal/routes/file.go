// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
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

// secretFields are the fields of a route with a secret; it needs one of them.
const secretFields = "endpointToken, endpointTokenSHA256, clientToken, clientTokenSHA256"

var yamlLine = regexp.MustCompile(`line (\d+)`)

// routesFile is the file as it is written.
type routesFile struct {
	Routes []struct {
		Namespace      *text `yaml:"namespace"`
		Endpoint       *text `yaml:"endpointToken"`
		EndpointSHA256 *text `yaml:"endpointTokenSHA256"`
		Client         *text `yaml:"clientToken"`
		ClientSHA256   *text `yaml:"clientTokenSHA256"`
	} `yaml:"routes"`
}

// text is a scalar as it stands in the file: one of digits only is a number to YAML, and a secret all the same.
type text struct {
	value string
	line  int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *text) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: not a text", node.Line)
	}
	*s = text{node.Value, node.Line}
	return nil
}

// parseRoutes reads the routes of a file. Its errors name the line and the field, and contain nothing that may be a secret, also if it is
// in the wrong place.
func parseRoutes(content []byte) ([]route, error) {
	var file routesFile
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		line := "1"
		if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
			line = found[1]
		}
		return nil, fmt.Errorf("line %s: not valid: the file must be YAML with the field routes, a list of mappings; each has the fields namespace, %s at most once, and texts in them", line, secretFields)
	}
	var more yaml.Node
	switch err := decoder.Decode(&more); {
	case !errors.Is(err, io.EOF):
		return nil, errors.New("has more than one YAML document, or text after it")
	case len(file.Routes) == 0:
		return nil, errors.New("has no routes; it must hold one or more, such as routes: [{namespace: team-a, endpointToken: ...}]")
	case len(file.Routes) > maxRoutes:
		return nil, fmt.Errorf("routes has %d entries; at most %d are served", len(file.Routes), maxRoutes)
	}
	routes := make([]route, len(file.Routes))
	seen := map[secretHash]string{} // the first field with the secret
	for i, r := range file.Routes {
		name := fmt.Sprintf("routes[%d]", i)
		if r.Namespace == nil || r.Namespace.value == "" {
			return nil, fmt.Errorf("%s.namespace is missing", name)
		}
		if problems := validation.IsDNS1123Label(r.Namespace.value); len(problems) > 0 {
			return nil, fmt.Errorf("line %d: %s.namespace is not a namespace: %s", r.Namespace.line, name, strings.Join(problems, "; "))
		}
		endpoint, err := readSecret(seen, name+".endpointToken", r.Endpoint, r.EndpointSHA256)
		if err != nil {
			return nil, err
		}
		client, err := readSecret(seen, name+".clientToken", r.Client, r.ClientSHA256)
		if err != nil {
			return nil, err
		}
		if endpoint == (secretHash{}) && client == (secretHash{}) {
			return nil, fmt.Errorf("line %d: %s has no secret; it needs one of %s", r.Namespace.line, name, secretFields)
		}
		routes[i] = route{r.Namespace.value, endpoint, client}
	}
	return routes, nil
}

// readSecret returns the hash of a token that is given plain or as its SHA-256, or zero if it is not given.
func readSecret(seen map[secretHash]string, field string, plain, hashed *text) (hash secretHash, err error) {
	from, read := plain, hashOf
	switch {
	case plain == nil && hashed == nil:
		return hash, nil
	case plain != nil && hashed != nil:
		return hash, fmt.Errorf("line %d: %s contradicts %sSHA256: give one of them", plain.line, field, field)
	case plain == nil:
		field, from, read = field+"SHA256", hashed, hashFrom
	}
	hash, problem := read(from.value)
	if problem != "" {
		return hash, fmt.Errorf("line %d: %s %s", from.line, field, problem)
	}
	if before := seen[hash]; before != "" {
		return hash, fmt.Errorf("line %d: %s is the same secret as %s", from.line, field, before)
	}
	seen[hash] = field
	return hash, nil
}

// hashFrom returns the hash that is written in hexadecimal digits, or what is wrong with the text.
func hashFrom(digits string) (hash secretHash, problem string) {
	decoded, err := hex.DecodeString(digits)
	if err != nil || len(decoded) != len(hash) {
		return hash, `must have 64 hexadecimal digits; make them with: printf %s "$TOKEN" | sha256sum`
	}
	return secretHash(decoded), ""
}
