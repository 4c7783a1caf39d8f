# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The flags of every go command of the project, to be sourced by scripts that run go: programs, tests, tools and the control plane share
# packages, which Go compiles once only if the flags are the same. The Makefile has them too.
if [[ " ${GOFLAGS:-} " != *" -trimpath "* ]]; then export GOFLAGS="${GOFLAGS:+$GOFLAGS }-trimpath -buildvcs=false"; fi
export CGO_ENABLED=${CGO_ENABLED:-0}
