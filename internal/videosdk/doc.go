// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package videosdk knows the provider, VideoSDK.live: what its recording
// webhooks look like, how they are signed, and where its public key is. Package
// rest below it is a client of the REST API. They know nothing of Kubernetes or
// of the rest of this project.
//
// A receiver reads the raw body, calls [Verifier.Verify] on exactly those
// bytes, and only then [Parse]. A valid signature proves that VideoSDK sent
// the body. It does not prove that the body is about your account, because
// the provider signs every customer's webhooks with one key, nor that it is
// sent for the first time, because nothing signed carries a time.
//
// The facts come from the provider's public documentation ("Webhooks and
// Events") and from its published server SDK, @videosdk.live/server-sdk.
package videosdk
