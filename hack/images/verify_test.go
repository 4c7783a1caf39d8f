// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// cosignStandIn takes cosign's place: a "bundle" has the identity, the issuer and the digest that were signed, one a line, and verify-blob
// compares them as cosign compares a certificate's.
const cosignStandIn = `#!/usr/bin/env bash
set -euo pipefail
[[ $1 == verify-blob ]] || { echo "the stand-in only has verify-blob: $*" >&2; exit 2; }
shift
blob= bundle= identity= issuer=
while (($#)); do
  case $1 in
    --bundle) bundle=$2; shift 2 ;;
    --certificate-identity) identity=$2; shift 2 ;;
    --certificate-oidc-issuer) issuer=$2; shift 2 ;;
    --*) echo "the documentation uses $1, which would accept more than one identity or skip a check" >&2; exit 2 ;;
    *) blob=$1; shift ;;
  esac
done
mapfile -t signed <"$bundle"
[[ ${signed[0]} == "$identity" ]] || { echo "signed by ${signed[0]}, not by $identity" >&2; exit 1; }
[[ ${signed[1]} == "$issuer" ]] || { echo "certificate of ${signed[1]}, not of $issuer" >&2; exit 1; }
[[ ${signed[2]} == "$(sha256sum <"$blob" | cut -d' ' -f1)" ]] || { echo "another file was signed" >&2; exit 1; }
`

// download is a release as a user has it.
type download struct {
	identity, issuer string
	install          string // what install.yaml has, where the checksums are of "genuine"
	sums             string // added to SHA256SUMS after it was signed
}

func (d download) write(t *testing.T, folder string) {
	t.Helper()
	sum := func(text string) string {
		digest := sha256.Sum256([]byte(text))
		return hex.EncodeToString(digest[:])
	}
	sums := fmt.Sprintf("%s  install.yaml\n%s  not-downloaded.tgz\n", sum("genuine"), sum("chart"))
	for name, content := range map[string]string{
		"install.yaml": d.install, "SHA256SUMS": sums + d.sums, "SHA256SUMS.sigstore.json": d.identity + "\n" + d.issuer + "\n" + sum(sums) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDocumentedVerification runs the command of docs/how-to/release.md with a stand-in for cosign: it accepts what the release workflow signed at
// the very tag, and nothing else.
func TestDocumentedVerification(t *testing.T) {
	block := regexp.MustCompile("(?s)```sh verify\n(.*?)```").FindStringSubmatch(readText(t, "docs/how-to/release.md"))
	if block == nil {
		t.Fatal("docs/how-to/release.md has no command to verify a release")
	}
	version := regexp.MustCompile(`(?m)^VERSION=(v\d+\.\d+\.\d+)$`).FindStringSubmatch(block[1])
	if version == nil {
		t.Fatalf("the command names no version: %s", block[1])
	}
	const workflow, issuer = "https://github.com/meetingops/meeting-recording-operator/.github/workflows/", "https://token.actions.githubusercontent.com"
	tag := "@refs/tags/" + version[1]
	for name, test := range map[string]struct {
		download
		want string // a part of what it says; "" if it accepts
	}{
		"genuine":              {download{workflow + "release.yaml" + tag, issuer, "genuine", ""}, ""},
		"another tag":          {download{workflow + "release.yaml@refs/tags/v9.9.9", issuer, "genuine", ""}, "signed by"},
		"a tag that begins so": {download{workflow + "release.yaml" + tag + "-rc.1", issuer, "genuine", ""}, "signed by"},
		"a branch":             {download{workflow + "release.yaml@refs/heads/main", issuer, "genuine", ""}, "signed by"},
		"another workflow":     {download{workflow + "ci.yaml" + tag, issuer, "genuine", ""}, "signed by"},
		"another repository":   {download{strings.Replace(workflow, "meetingops", "meetingops-fork", 1) + "release.yaml" + tag, issuer, "genuine", ""}, "signed by"},
		"a person":             {download{"mallory@example.com", "https://accounts.example.com", "genuine", ""}, "signed by"},
		"another issuer":       {download{workflow + "release.yaml" + tag, "https://example.com", "genuine", ""}, "certificate of"},
		"changed checksums":    {download{workflow + "release.yaml" + tag, issuer, "genuine", "0000  evil.yaml\n"}, "another file was signed"},
		"a changed file":       {download{workflow + "release.yaml" + tag, issuer, "evil", ""}, "install.yaml: FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, bin := t.TempDir(), t.TempDir()
			test.write(t, folder)
			if err := os.WriteFile(filepath.Join(bin, "cosign"), []byte(cosignStandIn), 0o700); err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), "bash", "-c", block[1]) // as it is pasted: a shell goes on after a command that failed
			command.Dir = folder
			command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LC_ALL=C")
			out, err := command.CombinedOutput()
			if (err == nil) != (test.want == "") || !strings.Contains(string(out), test.want) {
				t.Errorf("it ends with %v, want %q:\n%s", err, test.want, out)
			}
		})
	}
}

// TestScorecard runs the checks of the OpenSSF Scorecard that need no network.
func TestScorecard(t *testing.T) {
	command := exec.CommandContext(t.Context(), filepath.Join(root, "hack/scorecard.sh"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestScorecardFindsWhatIsWrong runs them on trees in each of which one thing is wrong.
func TestScorecardFindsWhatIsWrong(t *testing.T) {
	tree := t.TempDir()
	const git = "git -c user.name=a -c user.email=a@example.com -c init.defaultBranch=main "
	shell := func(script string) (string, error) {
		command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
		command.Dir = tree
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack/copy-tree.sh"), tree).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const small = "rm -r api charts config docs events test; ls -d internal/* | grep -v videosdk | xargs rm -r; " // of what the checks do not read
	if out, err := shell(small + git + "init -q && git add -A && " + git + "commit -qm tree && hack/scorecard.sh"); err != nil {
		t.Fatalf("the tree as it is: %v\n%s", err, out)
	}
	step := func(text string) string {
		return "printf '%b' '      - " + text + "\\n' >>.github/workflows/scorecard.yaml"
	}
	for name, change := range map[string]string{
		"an action by its tag":             step(`uses: evil/action@v1`),
		"an action in braces":              step(`{uses: evil/action@v1}`),
		"an action behind quotes":          step(`"uses": evil/action@v1`),
		"a workflow of the other name":     `printf 'on: pull_request_target\npermissions: {}\n' >.github/workflows/evil.yml`,
		"what strangers write":             step(`run: echo ${{ github.event.issue.title }}`),
		"an expression in a script":        step(`run: |\n          name: x\n          echo ${{ github.actor }}`),
		"all permissions":                  `sed -i '0,/^  checks:/s//  checks:\n    permissions: write-all/' .github/workflows/ci.yaml`,
		"a permission in braces":           `sed -i '0,/^  checks:/s//  checks:\n    permissions: {contents: write}/' .github/workflows/ci.yaml`,
		"the token in the second checkout": step(`uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2`),
		"an image by its tag":              `sed -i 's/@sha256:[0-9a-f]*//' Dockerfile`,
		"an image of another file":         `echo 'from debian:13' >hack/Containerfile`,
		"a script from the network":        `echo 'bash <(curl -sSf https://example.com)' >>hack/dist.sh`,
		"a program from the network":       `echo 'go install example.com/x@latest' >>hack/dist.sh`,
		"a program":                        `cp "$(type -P true)" hack/tool`,
		"a program of another kind":        `printf '\0asm\1\0\0\0' >hack/tool.wasm`,
		"images that are not signed":       `sed -i 's/cosign sign/true/' hack/release/images.sh`,
		"a chart that is not signed":       `sed -i 's/cosign sign/true/' hack/release/chart.sh`,
	} {
		if out, err := shell(change + "; ! hack/scorecard.sh"); err != nil {
			t.Errorf("%s is not found: %v\n%s", name, err, out)
		}
		if out, err := shell("git checkout -q . && git clean -qfd"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// TestReleaseIsSigned: what users apply is in the checksums, these are signed, and the workflow of that name makes the release of a tag.
func TestReleaseIsSigned(t *testing.T) {
	release := readText(t, ".goreleaser.yaml")
	for _, part := range []string{"name_template: SHA256SUMS", "- glob: dist/*.yaml", "- glob: dist/*.tgz", "- glob: dist/*.json", "cmd: cosign", "artifacts: checksum"} {
		if !strings.Contains(release, part) {
			t.Errorf(".goreleaser.yaml has no %s", part)
		}
	}
	workflow := readText(t, ".github/workflows/release.yaml")
	for _, part := range []string{"tags: [\"v", "id-token: write", "hack/release/images.sh", "hack/release/chart.sh", "attest-build-provenance", "release --clean"} {
		if !strings.Contains(workflow, part) {
			t.Errorf(".github/workflows/release.yaml has no %s", part)
		}
	}
	for line := range strings.Lines(readText(t, "Dockerfile")) {
		if base, is := strings.CutPrefix(line, "FROM "); is && !strings.HasPrefix(base, "scratch ") && !strings.Contains(base, "@sha256:") {
			t.Errorf("the base image is not pinned: %s", line)
		}
	}
}
