// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver takes the provider's webhooks over HTTP. A response of 2xx means that the event is durable.
//
// The steps of a request, each a function of [Handler]: method and path, a bounded read of the raw body, its signature, its content,
// and then a [Recorder], which makes it durable; package outbox has one.
package receiver
