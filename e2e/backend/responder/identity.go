// Package responder is the backend behind every Service of the examples: it answers each request with what
// it saw, counts, and fails or dawdles on demand. See Responder.
package responder

import (
	"cmp"
	"os"
)

// Identity is who answers.
type Identity struct {
	Service string `json:"service"`
	Version string `json:"version,omitempty"`
	// Member is the cluster, or the node where the cluster's name is not known.
	Member string `json:"member,omitempty"`
	Pod    string `json:"pod,omitempty"`
}

// FromEnvironment reads SERVICE, VERSION, MEMBER (else NODE) and POD (else the host's name).
func FromEnvironment() Identity {
	host, _ := os.Hostname() // an answer without a pod's name is still an answer
	return Identity{
		Service: cmp.Or(os.Getenv("SERVICE"), "demo-backend"),
		Version: os.Getenv("VERSION"),
		Member:  cmp.Or(os.Getenv("MEMBER"), os.Getenv("NODE")),
		Pod:     cmp.Or(os.Getenv("POD"), host),
	}
}
