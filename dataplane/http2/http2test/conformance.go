// Package http2test is what everything that serves HTTP/2 has to pass.
package http2test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

// leastCases is how many cases h2spec has, about: fewer mean that some were left out.
const leastCases = 140

// Conform runs all of h2spec, its strict part included, against a server on a port of 127.0.0.1, over
// TLS or with prior knowledge. The server has to answer GET and POST of "/" with a body, once the
// request has come whole. Cases whose description is in except are left out; the caller says why.
func Conform(t *testing.T, port int, secure bool, except ...string) {
	t.Helper()
	c := &config.Config{
		Host: "127.0.0.1", Port: port, Path: "/", Timeout: 3 * time.Second, MaxHeaderLen: 4000,
		Strict: true, TLS: secure, Insecure: true,
	}
	count := 0
	for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		conform(t, c, group, except, &count)
	}
	t.Log(count, "cases")
	if count < leastCases {
		t.Errorf("%d cases: some were left out", count)
	}
}

func conform(t *testing.T, c *config.Config, group *spec.TestGroup, except []string, count *int) {
	t.Helper()
	for _, test := range append(group.Tests, group.StrictTests...) {
		*count++
		if slices.Contains(except, test.Desc) {
			continue
		}
		t.Run(strings.ReplaceAll(group.ID()+": "+test.Desc, "/", " "), func(t *testing.T) {
			conn, err := spec.Dial(c)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := test.Run(c, conn); err != nil {
				t.Errorf("%s\n%v", test.Requirement, err)
				if errors.Is(err, spec.ErrSkipped) {
					t.Error("skipped")
				}
			}
		})
	}
	for _, sub := range group.Groups {
		conform(t, c, sub, except, count)
	}
}
