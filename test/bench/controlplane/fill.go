// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// perTransaction is how many objects are put at once: etcd takes 128.
	perTransaction = 100
	// seenIn is how long the API server may take to see what was put.
	seenIn = 10 * time.Minute
	// fillers is how many transactions are under way at once.
	fillers = 4
)

// Fill puts copies of a MeetingRecording straight into etcd, as the API server has stored it, but for the names and ids of a script's
// recordings: some thousand a second, where creating and patching each takes the API server a day's work. The API server learns of them as it
// does of what another API server has written.
func (c *ControlPlane) Fill(ctx context.Context, namespace, template string, s script.Script) error {
	stored, err := c.stored(ctx, namespace, template)
	if err != nil {
		return err
	}
	group, filling := errgroup.WithContext(ctx)
	group.SetLimit(fillers)
	for first := 0; first < s.Recordings; first += perTransaction {
		group.Go(func() error {
			var puts []any
			for i := first; i < min(first+perTransaction, s.Recordings); i++ {
				recording := s.Recording(i)
				object, err := copyOf(stored, template, recording)
				if err != nil {
					return err
				}
				puts = append(puts, map[string]any{"requestPut": map[string]any{"key": etcdKey(namespace, recording.Name), "value": object}})
			}
			return c.askEtcd(filling, "txn", map[string]any{"success": puts}, nil)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return harness.Await(ctx, seenIn, "the API server sees what was put into etcd", func(ctx context.Context) error {
		if err := c.alive(); err != nil {
			return harness.Permanent(err)
		}
		return c.checkFilled(ctx, namespace, template, s.Recordings)
	})
}

// checkFilled returns an error until the API server has so many recordings at least, in its watch cache, too.
func (c *ControlPlane) checkFilled(ctx context.Context, namespace, template string, n int) error {
	have, version, err := c.list(ctx, namespace)
	if err != nil {
		return err
	}
	if have < n {
		return fmt.Errorf("the API server has %d recordings, want %d: were they put where it looks for them?", have, n)
	}
	err = c.Clients.RESTClient().Get().AbsPath("/apis", v1alpha1.GroupVersion.String(), "namespaces", namespace, "meetingrecordings", template).
		Param("resourceVersion", version).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("wait for the API server's watch cache: %w", err)
	}
	return nil
}

// Recordings counts the recordings of a namespace.
func (c *ControlPlane) Recordings(ctx context.Context, namespace string) (int, error) {
	have, _, err := c.list(ctx, namespace)
	return have, err
}

// list counts the recordings of a namespace as etcd has them, and returns the version of that.
func (c *ControlPlane) list(ctx context.Context, namespace string) (have int, version string, err error) {
	var list metav1.PartialObjectMetadataList
	body, err := c.Clients.RESTClient().Get().AbsPath("/apis", v1alpha1.GroupVersion.String(), "namespaces", namespace, "meetingrecordings").
		Param("limit", "1").Do(ctx).Raw()
	if err != nil {
		return 0, "", fmt.Errorf("list recordings: %w", err)
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return 0, "", fmt.Errorf("list recordings: %w", err)
	}
	return int(ptr.Deref(list.RemainingItemCount, 0)) + len(list.Items), list.ResourceVersion, nil
}

func etcdKey(namespace, name string) []byte {
	return []byte("/registry/" + v1alpha1.GroupVersion.Group + "/meetingrecordings/" + namespace + "/" + name)
}

// stored returns an object as it is in etcd.
func (c *ControlPlane) stored(ctx context.Context, namespace, name string) ([]byte, error) {
	var answer struct {
		KVs []struct {
			Value []byte `json:"value"`
		} `json:"kvs"`
	}
	if err := c.askEtcd(ctx, "range", map[string]any{"key": etcdKey(namespace, name)}, &answer); err != nil {
		return nil, err
	}
	if len(answer.KVs) != 1 {
		return nil, fmt.Errorf("etcd has no %s", etcdKey(namespace, name))
	}
	return answer.KVs[0].Value, nil
}

// askEtcd asks by its JSON gateway; []byte is base64 there as in encoding/json.
func (c *ControlPlane) askEtcd(ctx context.Context, method string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.EtcdURL+"/v3/kv/"+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask etcd: %w", err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("read etcd's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s: %.200s", response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// copyOf returns a stored object with the name and the ids of another recording, and a UID of its own.
func copyOf(stored []byte, template string, recording script.Recording) ([]byte, error) {
	var object v1alpha1.MeetingRecording
	if err := json.Unmarshal(stored, &object); err != nil {
		return nil, fmt.Errorf("%s as it is in etcd, %.40s: %w", template, base64.StdEncoding.EncodeToString(stored), err)
	}
	return []byte(strings.NewReplacer(
		object.Status.Recording.File.Path, recording.FilePath,
		object.Name, recording.Name, string(object.UID), string(uuid.NewUUID()),
		`"segment":1`, fmt.Sprintf(`"segment":%d`, recording.Segment),
		object.Spec.MeetingID, recording.MeetingID, object.Spec.SessionID, recording.SessionID,
	).Replace(string(stored))), nil
}
