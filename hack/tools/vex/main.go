// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command vex writes, in OpenVEX, which known vulnerabilities of dependencies the images have, from what govulncheck says of each of their programs:
//
//	govulncheck -mode=binary -format=json PROGRAM >FILE
//	vex -image REPOSITORY [-image REPOSITORY] FILE...
//
// A vulnerability affects the images if one program contains a vulnerable function. Govulncheck's own OpenVEX names no product, so scanners ignore it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/openvex/go-vex/pkg/vex"
	"github.com/package-url/packageurl-go"
)

const author = "The Meeting Recording Operator Authors"

func main() {
	var images []string
	flag.Func("image", "repository of an image that has the programs; repeatable", func(image string) error {
		images = append(images, image)
		return nil
	})
	flag.Parse()
	if err := run(images, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "vex: %v\n", err)
		os.Exit(1)
	}
}

func run(images, files []string) error {
	if len(images) == 0 || len(files) == 0 {
		return fmt.Errorf("name at least one -image and one file of govulncheck")
	}
	found := report{}
	for _, file := range files {
		if err := found.addFile(file); err != nil {
			return fmt.Errorf("read what govulncheck found, from %s: %w", file, err)
		}
	}
	document, err := found.document(images)
	if err != nil {
		return err
	}
	return document.ToJSON(os.Stdout)
}

// document has one statement for each vulnerability.
func (r report) document(images []string) (*vex.VEX, error) {
	document := vex.New()
	document.Author, document.AuthorRole = author, ""
	document.Tooling = "https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck"
	for _, v := range r.sorted() {
		statement := v.statement(images)
		if err := statement.Validate(); err != nil {
			return nil, fmt.Errorf("state %s: %w", v.id, err)
		}
		document.Statements = append(document.Statements, statement)
	}
	if _, err := document.GenerateCanonicalID(); err != nil {
		return nil, fmt.Errorf("name the document: %w", err)
	}
	return &document, nil
}

func (v *vulnerability) statement(images []string) vex.Statement {
	statement := vex.Statement{
		Vulnerability: vex.Vulnerability{ID: "https://pkg.go.dev/vuln/" + v.id, Name: vex.VulnerabilityID(v.id), Description: v.summary},
		Status:        vex.StatusNotAffected,
		Justification: vex.VulnerableCodeNotPresent,
	}
	for _, alias := range v.aliases {
		statement.Vulnerability.Aliases = append(statement.Vulnerability.Aliases, vex.VulnerabilityID(alias))
	}
	if v.contained {
		statement.Status, statement.Justification = vex.StatusAffected, ""
		statement.ActionStatement = "Install a release with a version that has the fix, once there is one."
		if v.fixed != "" {
			statement.ActionStatement = "Install a release that has " + v.fixed + " or later."
		}
	}
	var modules []vex.Subcomponent
	for _, m := range v.sortedModules() {
		modules = append(modules, vex.Subcomponent{Component: vex.Component{ID: m.purl()}})
	}
	for _, image := range images {
		statement.Products = append(statement.Products, vex.Product{Component: vex.Component{ID: imagePURL(image)}, Subcomponents: modules})
	}
	return statement
}

// imagePURL is the address by which scanners name an image of the repository, whatever its digest and architecture.
func imagePURL(repository string) string {
	qualifiers := packageurl.QualifiersFromMap(map[string]string{"repository_url": repository})
	return packageurl.NewPackageURL(packageurl.TypeOCI, "", path.Base(repository), "", qualifiers, "").ToString()
}

func (m module) purl() string {
	namespace, name := path.Split(m.path)
	return packageurl.NewPackageURL(packageurl.TypeGolang, strings.TrimSuffix(namespace, "/"), name, m.version, nil, "").ToString()
}
