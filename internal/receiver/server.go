// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
)

// NewServer returns a server with a limit on everything that a client could
// make it wait for or hold. A handler has handlerTimeout once it has read the
// request.
func NewServer(handler http.Handler, handlerTimeout time.Duration, logger logr.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + handlerTimeout + answerMargin,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(connectionLog{logger}, "", 0),
	}
}

// connectionLog takes what net/http says of single connections, which any
// stranger can cause.
type connectionLog struct{ logger logr.Logger }

func (l connectionLog) Write(line []byte) (int, error) {
	l.logger.V(1).Info("connection failed", "problem", strings.TrimSpace(string(line)))
	return len(line), nil
}
