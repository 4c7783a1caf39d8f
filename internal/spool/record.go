// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// State says where a record is.
type State string

// The states of a record.
const (
	// Waiting is to be delivered.
	Waiting State = "waiting"
	// Dead is kept for a person to look at, and not delivered.
	Dead State = "dead"
)

// Record is what the store keeps of one payload.
type Record struct {
	// ID grows in the order in which records were stored, and is never used
	// twice. A dead letter that is revived gets a new one.
	ID    uint64 `json:"id"`
	State State  `json:"state"`
	// Session is whose order the record keeps.
	Session string `json:"session"`
	// StoredAt is when the record was stored first.
	StoredAt time.Time       `json:"storedAt"`
	Payload  json.RawMessage `json:"payload"`
	// Reason and DeadAt say why and since when a record is dead.
	Reason string    `json:"reason,omitempty"`
	DeadAt time.Time `json:"deadAt,omitzero"`
}

const (
	idBytes  = 8
	sumBytes = 4
	// overhead is what bbolt needs for a record beside key and value: the
	// header of its element, and its share of pages that are not quite full.
	overhead = 64
)

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errRecord = errors.New("a record is damaged")

// key is a record's key: IDs in their order.
func key(id uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, idBytes), id)
}

// encode is a record's value: a checksum, and the rest as JSON. Pages of bbolt
// have no checksums.
func (r Record) encode() ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a record of the spool: %w", err)
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, sumBytes+len(body)), crc32.Checksum(body, castagnoli)), body...), nil
}

// decode is the reverse. What it returns holds nothing of its arguments, which
// bbolt owns.
func decode(key, value []byte) (Record, error) {
	if len(key) != idBytes || len(value) < sumBytes {
		return Record{}, errRecord
	}
	body := value[sumBytes:]
	if binary.BigEndian.Uint32(value) != crc32.Checksum(body, castagnoli) {
		return Record{}, errRecord
	}
	var r Record
	if err := json.Unmarshal(body, &r); err != nil {
		return Record{}, errRecord
	}
	r.ID = binary.BigEndian.Uint64(key)
	return r, nil
}

// cost is what a value counts for, in bytes.
func cost(value []byte) int64 { return int64(idBytes + len(value) + overhead) }
