package main

import (
	"strconv"
	"strings"
)

// bearer is how a token is shown; the token is the user's name, since no secret is to be kept here.
const bearer = "Bearer "

// question is what is asked.
type question struct {
	authorization, path, body string
	// names are those of the headers that came along, in order.
	names []string
}

// header is a header that the request of a user who may pass is to get.
type header struct{ name, value string }

// verdict lets every user pass who has a token, and tells the backend who it is and what was asked:
// X-User, X-Auth-Path, X-Auth-Body with the bytes of the body that came, and X-Auth-Headers with the names.
func verdict(q question) (grants []header, allowed bool) {
	user, ok := strings.CutPrefix(q.authorization, bearer)
	if !ok || user == "" {
		return nil, false
	}
	return []header{
		{"X-User", user},
		{"X-Auth-Path", q.path},
		{"X-Auth-Body", strconv.Itoa(len(q.body))},
		{"X-Auth-Headers", strings.Join(q.names, ",")},
	}, true
}

// What a client gets that may not pass.
const (
	challenge = `Bearer realm="examples"`
	refusal   = "who are you?\n"
)
