// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Each calls visit with each object of the namespace, or of one of its sessions if that is not empty. The API server responds at once from
// its watch cache, so objects may be outdated. It holds one object at a time.
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

var errNoList = errors.New("the API server's response is not a list of objects, or is incomplete")

// decodeEach reads a list up to its items.
func decodeEach(decoder *json.Decoder, visit func(*Object)) error {
	err := expect(decoder, json.Delim('{'))
	for err == nil && decoder.More() {
		var name json.Token
		if name, err = decoder.Token(); name == "items" {
			return decodeItems(decoder, visit)
		}
		if err == nil {
			err = decoder.Decode(new(json.RawMessage))
		}
	}
	return errors.Join(errNoList, err)
}

func decodeItems(decoder *json.Decoder, visit func(*Object)) error {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return err
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
	return expect(decoder, json.Delim(']')) // without which the list is cut off
}

func expect(decoder *json.Decoder, want json.Token) error {
	if token, err := decoder.Token(); err != nil || token != want {
		return errors.Join(errNoList, err)
	}
	return nil
}
