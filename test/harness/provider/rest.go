// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ServeHTTP answers as the REST API does.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests[r.URL.Path]++
	a.mu.Unlock()
	if r.URL.Path == "/v2/public/rsa-public-key" && a.PublicKey != nil {
		respond(w, http.StatusOK, map[string]string{"publicKey": a.PublicKey()})
		return
	}
	if status, err := a.authenticate(r); err != nil {
		respond(w, status, map[string]string{"message": err.Error()})
		return
	}
	shape, answered := a.draw(w, r)
	if answered {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/sessions", func(w http.ResponseWriter, r *http.Request) { a.listSessions(w, r, shape) })
	mux.HandleFunc("GET /v2/recordings", func(w http.ResponseWriter, r *http.Request) { a.listRecordings(w, r, shape) })
	mux.HandleFunc("GET /v2/recordings/{id}", a.getRecording)
	mux.HandleFunc("DELETE /v2/recordings/{id}", a.deleteRecording)
	mux.ServeHTTP(w, r)
}

func respond(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}

// authenticate checks the token that comes without a prefix.
func (a *Account) authenticate(r *http.Request) (int, error) {
	token, err := jwt.Parse(r.Header.Get("Authorization"), func(*jwt.Token) (any, error) { return []byte(a.Secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(a.now))
	if err != nil {
		return http.StatusUnauthorized, errors.New("Token is invalid or expired") //nolint:staticcheck // the provider's words
	}
	claims, _ := token.Claims.(jwt.MapClaims)
	switch {
	case claims["apikey"] != a.Key:
		return http.StatusUnauthorized, errors.New("Token is invalid or expired") //nolint:staticcheck // the provider's words
	case a.Forbidden.Load():
		return http.StatusForbidden, errors.New("You are not allowed to perform this action") //nolint:staticcheck // the provider's words
	}
	return http.StatusOK, nil
}

func (a *Account) listSessions(w http.ResponseWriter, r *http.Request, s shape) {
	since, until := milliseconds(r, "startDate"), milliseconds(r, "endDate")
	room := r.URL.Query().Get("roomId")
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Session
	for _, session := range slices.Backward(a.sessions) { // the newest first
		if a.Planned && session.Start.After(a.now()) {
			continue
		}
		if (since.IsZero() || !session.Start.Before(since)) && (until.IsZero() || !session.Start.After(until)) && (room == "" || room == session.RoomID) {
			found = append(found, session)
		}
	}
	writePage(w, r, a.MaxPerPage, found, sessionJSON, s)
}

func sessionJSON(s *Session) map[string]any {
	entry := map[string]any{
		"id": s.ID, "roomId": s.RoomID, "start": s.Start.UTC().Format(timeFormat), "end": nil, "status": "ongoing",
		"participants": []any{}, "links": map[string]string{"get_room": "https://api.videosdk.live/v2/rooms/" + s.RoomID},
	}
	if s.CustomRoomID != "" {
		entry["customRoomId"] = s.CustomRoomID
	}
	if !s.End.IsZero() {
		entry["end"], entry["status"] = s.End.UTC().Format(timeFormat), "ended"
	}
	return entry
}

func (a *Account) listRecordings(w http.ResponseWriter, r *http.Request, s shape) {
	session, room := r.URL.Query().Get("sessionId"), r.URL.Query().Get("roomId")
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Recording
	add := func(recordings []*Recording) {
		for _, recording := range recordings {
			if !recording.deleted && (!a.Planned || !recording.Created.After(a.now())) && (room == "" || room == recording.RoomID) {
				found = append(found, recording)
			}
		}
	}
	if session != "" {
		add(a.recordings[session])
	} else {
		for _, s := range a.sessions {
			add(a.recordings[s.ID])
		}
	}
	writePage(w, r, a.MaxPerPage, found, recordingJSON, s)
}

func recordingJSON(r *Recording) map[string]any {
	entry := map[string]any{
		"id": r.ID, "roomId": r.RoomID, "sessionId": r.SessionID,
		"createdAt": r.Created.UTC().Format(timeFormat), "updatedAt": r.Updated.UTC().Format(timeFormat),
		"webhook": ledgerJSON(r), "file": nil,
	}
	if r.NoFile {
		return entry
	}
	entry["fileId"] = r.FileID
	file := map[string]any{
		"filePath": r.FilePath(), "fileUrl": nil, "size": 1_234_567, "type": "video",
		"meta": map[string]any{"resolution": map[string]int{"width": 1280, "height": 720}, "format": "mp4", "duration": 61.5},
	}
	if url := r.FileURL(); url != "" {
		file["fileUrl"] = url
	}
	if r.Encrypted {
		file["encryption"] = encryptionJSON(r)
	}
	entry["file"] = file
	return entry
}

func encryptionJSON(r *Recording) map[string]string {
	return map[string]string{
		"keyUrl":  "https://cdn.videosdk.live/keys/" + r.FileID + ".key",
		"metaUrl": "https://cdn.videosdk.live/keys/" + r.FileID + ".json",
	}
}

func ledgerJSON(r *Recording) map[string]any {
	data := []map[string]any{}
	for _, eventType := range r.failed {
		data = append(data, map[string]any{"type": eventType, "success": false})
	}
	return map[string]any{"totalCount": r.deliveries, "successCount": r.passed, "data": data}
}

func (a *Account) getRecording(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	recording, ok := a.byID[r.PathValue("id")]
	if !ok || recording.deleted {
		respond(w, http.StatusPaymentRequired, map[string]string{"message": "Recording not found"})
		return
	}
	respond(w, http.StatusOK, recordingJSON(recording))
}

// deleteRecording is a soft delete: the recording is listed no longer.
func (a *Account) deleteRecording(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	recording, ok := a.byID[r.PathValue("id")]
	if !ok || recording.deleted {
		respond(w, http.StatusPaymentRequired, map[string]string{"message": "Recording not found"})
		return
	}
	recording.deleted = true
	respond(w, http.StatusOK, map[string]string{"message": "Recording deleted successfully"})
}

// defaultPerPage is how many entries a page has that is not asked for a number.
const defaultPerPage = 20

func writePage[T any](w http.ResponseWriter, r *http.Request, most int, all []T, toJSON func(T) map[string]any, s shape) {
	number, perPage := max(1, integer(r, "page")), integer(r, "perPage")
	if perPage <= 0 {
		perPage = defaultPerPage
	}
	perPage = min(perPage, most)
	last := max(1, (len(all)+perPage-1)/perPage)
	from, to := min((number-1)*perPage, len(all)), min(number*perPage, len(all))
	data := make([]map[string]any, 0, to-from)
	for _, entry := range all[from:to] {
		data = append(data, toJSON(entry))
	}
	if from > 0 && s.repeats {
		data = append([]map[string]any{toJSON(all[from-1])}, data...)
	}
	page := map[string]any{
		"pageInfo": map[string]int{"currentPage": number, "perPage": perPage, "lastPage": last, "total": len(all)},
		"data":     s.apply(data),
	}
	respond(w, http.StatusOK, page)
}

func integer(r *http.Request, name string) int {
	value, _ := strconv.Atoi(r.URL.Query().Get(name))
	return value
}

func milliseconds(r *http.Request, name string) time.Time {
	value, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(value)
}

// String names the account, without its secret.
func (a *Account) String() string { return fmt.Sprintf("account with the key %s", a.Key) }
