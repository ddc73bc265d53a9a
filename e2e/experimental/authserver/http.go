package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

const (
	maxBody = 1 << 20
	// pathHealth is for the kubelet.
	pathHealth = "/healthz"
	// broken is a token with which the server fails.
	broken = bearer + "broken"
)

// answer says 200 to who may pass and 401 to who may not.
func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == pathHealth {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Header.Get("Authorization") == broken {
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	}
	grants, allowed := verdict(question{
		authorization: r.Header.Get("Authorization"), path: r.RequestURI, body: string(body), names: names(r.Header),
	})
	if !allowed {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, refusal)
		return
	}
	for _, h := range grants {
		w.Header().Set(h.name, h.value)
	}
}

// names are those of the headers in lower case, in order.
func names(headers http.Header) []string {
	var out []string
	for name := range headers {
		out = append(out, strings.ToLower(name))
	}
	slices.Sort(out)
	return out
}
