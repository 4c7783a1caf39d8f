// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"context"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// objectsKey is that of a request's context that wants objects instead of JSON.
type objectsKey struct{}

type objects struct{ stream *stream }

// Objects has the watches of an informer pass on objects: each version is decoded once, and copied for each watch. Most of a simulation's
// time went into the JSON of watches. The requests, and their faults, are the same.
func Objects(lister cache.ListerWatcherWithContext, example runtime.Object) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: lister.ListWithContext,
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			asked := &objects{}
			body, err := lister.WatchWithContext(context.WithValue(ctx, objectsKey{}, asked), options)
			if err != nil || asked.stream == nil {
				return body, err
			}
			w := &objectWatch{Interface: body, stream: asked.stream, example: reflect.TypeOf(example).Elem(), result: make(chan watch.Event)}
			go w.run()
			return w, nil
		},
	}
}

// objectWatch is a watch of objects. It embeds that of the client, which brings nothing, and by which it is stopped.
type objectWatch struct {
	watch.Interface
	stream  *stream
	example reflect.Type
	result  chan watch.Event
}

// ResultChan implements watch.Interface.
func (w *objectWatch) ResultChan() <-chan watch.Event { return w.result }

func (w *objectWatch) run() {
	defer close(w.result)
	defer w.Stop()
	for {
		e, err := w.stream.next()
		if err != nil {
			return
		}
		select {
		case w.result <- watch.Event{Type: e.kind, Object: w.object(e)}:
		case <-w.stream.closed:
			return
		case <-w.stream.ctx.Done():
			return
		}
	}
}

func (w *objectWatch) object(e event) runtime.Object {
	if e.refused != nil {
		status := e.refused.Status()
		return &status
	}
	s := w.stream.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.of.typed == nil || reflect.TypeOf(e.of.typed).Elem() != w.example {
		typed, _ := reflect.New(w.example).Interface().(runtime.Object) // an informer's example is one
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(e.of.object, typed); err != nil {
			panic(fmt.Sprintf("decode %v: %v", e.of.object["metadata"], err)) // the schema was checked
		}
		e.of.typed = typed
	}
	return e.of.typed.DeepCopyObject()
}
