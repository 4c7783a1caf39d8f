// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Each calls visit with each object of the namespace, or of one of its sessions if that is not empty. The API server answers at once from
// its watch cache: they may be out of date. It holds one object at a time.
func (s *RESTStore) Each(ctx context.Context, namespace, sessionID string, visit func(*Object)) error {
	request := s.client.Get().Namespace(namespace).Resource(resource).Param("resourceVersion", "0")
	if sessionID != "" {
		request = request.Param("labelSelector", v1alpha1.LabelSessionID+"="+lifecycle.LabelValue(sessionID))
	}
	body, err := request.MaxRetries(0).Stream(ctx)
	s.metrics.apiRequest("list", err)
	if err != nil {
		return fmt.Errorf("list the recordings of %s: %w", namespace, err)
	}
	err = decodeEach(json.NewDecoder(body), visit)
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("list the recordings of %s: %w", namespace, err)
	}
	return nil
}

var errNoList = errors.New("the API server's answer is no list of objects")

// decodeEach reads a list as far as its items.
func decodeEach(decoder *json.Decoder, visit func(*Object)) error {
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(errNoList, err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if name == "items" {
			return decodeItems(decoder, visit)
		}
		var other json.RawMessage
		if err := decoder.Decode(&other); err != nil {
			return err
		}
	}
	return errNoList
}

func decodeItems(decoder *json.Decoder, visit func(*Object)) error {
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(errNoList, err)
	}
	for decoder.More() {
		var item wireObject
		if err := decoder.Decode(&item); err != nil {
			return err
		}
		object, err := item.object()
		if err != nil {
			return err
		}
		visit(object)
	}
	_, err := decoder.Token() // the end, without which the list is cut off
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
