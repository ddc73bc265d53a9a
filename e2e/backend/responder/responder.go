package responder

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Headers and parameters by which a client says how it wants to be treated.
const (
	// HeaderRequestID tells attempts of one request from other requests.
	HeaderRequestID = "X-Request-Id"
	// HeaderFailTimes makes the first so many attempts of a request id fail.
	HeaderFailTimes = "X-Fail-Times"
	// HeaderFailStatus is the status of those failures; 503 by default.
	HeaderFailStatus = "X-Fail-Status"
	// QueryDelay holds an answer back, such as ?delay=250ms; at most MaxDelay.
	QueryDelay = "delay"
	// QueryStatus sets the status of the answer, such as ?status=418.
	QueryStatus = "status"

	// PathCounts answers with Counts, PathHealth with 200; neither is counted.
	PathCounts = "/counts"
	PathHealth = "/healthz"

	// MaxDelay bounds QueryDelay.
	MaxDelay = time.Minute

	maxBody = 1 << 20
)

// Answer is the JSON body of every answer but that of PathCounts.
type Answer struct {
	Identity
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   string              `json:"query,omitempty"`
	Host    string              `json:"host"`
	Proto   string              `json:"proto"`
	Remote  string              `json:"remote"`
	Headers map[string][]string `json:"headers"`
	// Body is how many bytes the request carried.
	Body int64 `json:"body,omitempty"`
	// Attempt is the how many-th request with this id it is, from 1; 0 without an id.
	Attempt int `json:"attempt,omitempty"`
	// Number is how many requests this backend has seen, this one included.
	Number int64 `json:"number"`
}

// Responder is an http.Handler. The zero value answers anonymously.
type Responder struct {
	Identity Identity

	tally    tally
	attempts attempts
}

// ServeHTTP answers with what it saw, calls of gRPC included.
func (r *Responder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch req.URL.Path {
	case PathHealth:
		w.WriteHeader(http.StatusOK)
		return
	case PathCounts:
		write(w, http.StatusOK, r.Counts())
		return
	}
	number := r.tally.add(req.URL.Path)
	attempt := r.attempts.next(req.Header.Get(HeaderRequestID))
	body, err := io.Copy(io.Discard, io.LimitReader(req.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the body: "+err.Error(), http.StatusBadRequest)
		return
	}
	if !hold(req) {
		return // the client is gone
	}
	answer := Answer{
		Identity: r.Identity, Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, Host: req.Host,
		Proto: req.Proto, Remote: req.RemoteAddr, Headers: req.Header, Body: body, Attempt: attempt, Number: number,
	}
	if isCall(req) {
		writeCall(w, req, status(req, attempt), answer)
		return
	}
	write(w, status(req, attempt), answer)
}

// Counts is what the Responder has seen until now.
func (r *Responder) Counts() Counts {
	c := r.tally.counts()
	c.Identity = r.Identity
	return c
}

// hold waits as long as the client asked for, and says whether the client is still there.
func hold(req *http.Request) bool {
	d, err := time.ParseDuration(req.URL.Query().Get(QueryDelay))
	if err != nil || d <= 0 {
		return true
	}
	t := time.NewTimer(min(d, MaxDelay))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-req.Context().Done():
		return false
	}
}

func status(req *http.Request, attempt int) int {
	if times, err := strconv.Atoi(req.Header.Get(HeaderFailTimes)); err == nil && attempt > 0 && attempt <= times {
		return code(req.Header.Get(HeaderFailStatus), http.StatusServiceUnavailable)
	}
	return code(req.URL.Query().Get(QueryStatus), http.StatusOK)
}

// code is the status in text, or instead if it is none that an answer can have.
func code(text string, instead int) int {
	if n, err := strconv.Atoi(text); err == nil && n >= 200 && n <= 599 {
		return n
	}
	return instead
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}
