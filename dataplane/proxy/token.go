package proxy

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"
)

// token is what a client brings of its session: see config.Session.
type token struct {
	// began and used are Unix milliseconds.
	began, used int64
	entries     []tokenEntry
}

// tokenEntry is an endpoint of a backend.
type tokenEntry struct {
	backend  uint32
	endpoint uint64
}

const (
	tokenVersion = 1
	tokenHead    = 1 + 8 + 8
	entrySize    = 4 + 8
	// mostEntries is how many backends a rule may have (Gateway API).
	mostEntries = 16
	// tokenSkew is how far the clocks of proxies may be apart.
	tokenSkew = int64(time.Minute / time.Millisecond)
)

var tokenText = base64.RawURLEncoding

// parseToken reads a token; false for what is none, or not one of ours.
func parseToken(text string) (t token, ok bool) {
	var memory [tokenHead + mostEntries*entrySize]byte
	if tokenText.DecodedLen(len(text)) > len(memory) {
		return t, false
	}
	n, err := tokenText.Decode(memory[:], []byte(text))
	if err != nil || n < tokenHead || (n-tokenHead)%entrySize != 0 || memory[0] != tokenVersion {
		return t, false
	}
	t.began, t.used = int64(binary.BigEndian.Uint64(memory[1:])), int64(binary.BigEndian.Uint64(memory[9:]))
	for rest := memory[tokenHead:n]; len(rest) > 0; rest = rest[entrySize:] {
		t.entries = append(t.entries, tokenEntry{binary.BigEndian.Uint32(rest), binary.BigEndian.Uint64(rest[4:])})
	}
	return t, true
}

func (t *token) text() string {
	b := make([]byte, 0, tokenHead+mostEntries*entrySize)
	b = append(b, tokenVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(t.began))
	b = binary.BigEndian.AppendUint64(b, uint64(t.used))
	for _, e := range t.entries {
		b = binary.BigEndian.AppendUint32(b, e.backend)
		b = binary.BigEndian.AppendUint64(b, e.endpoint)
	}
	return tokenText.EncodeToString(b)
}

// holds says whether the session goes on; the times are milliseconds, 0 for no end.
func (t *token) holds(now, absolute, idle int64) bool {
	if t.began < 0 || t.used < 0 || t.began > now+tokenSkew || t.used > now+tokenSkew {
		return false
	}
	return (absolute <= 0 || now-t.began < absolute) && (idle <= 0 || now-t.used < idle)
}

// endpoint gives what the token says of a backend.
func (t *token) endpoint(backend uint32) (endpoint uint64, ok bool) {
	i := slices.IndexFunc(t.entries, func(e tokenEntry) bool { return e.backend == backend })
	if i < 0 {
		return 0, false
	}
	return t.entries[i].endpoint, true
}

// set notes the endpoint of a backend. A session that had no other backend begins with it.
func (t *token) set(backend uint32, endpoint uint64, now int64) {
	t.entries = slices.DeleteFunc(t.entries, func(e tokenEntry) bool { return e.backend == backend })
	if len(t.entries) == 0 {
		t.began = now
	}
	if len(t.entries) == mostEntries {
		t.entries = t.entries[1:]
	}
	t.entries = append(t.entries, tokenEntry{backend, endpoint})
}
