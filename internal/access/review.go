// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

const (
	tokenReviews  = "/apis/authentication.k8s.io/v1/tokenreviews"
	accessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
	// maxAnswerBytes limits the size of a response, such as about a user with many groups.
	maxAnswerBytes = 1 << 20
)

// post sends a review and fills in its status from the response.
func (r *Reviewer) post(ctx context.Context, path string, review any) error {
	body, err := json.Marshal(review)
	if err != nil {
		return fmt.Errorf("encode the review: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.host+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the API server: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the API server: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // everything of interest was read
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("API server responded to POST %s with %s: the ServiceAccount needs the verb create on tokenreviews and subjectaccessreviews",
			path, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswerBytes)).Decode(review); err != nil {
		return fmt.Errorf("decode the API server's response to POST %s: %w", path, err)
	}
	return nil
}
