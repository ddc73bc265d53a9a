package proxy

import (
	"reflect"
	"testing"
)

// FuzzToken holds what clients send as their token to what we make.
func FuzzToken(f *testing.F) {
	one := token{began: 1, used: 2}
	one.set(3, 4, 5)
	f.Add(one.text())
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseToken(text)
		if !ok {
			return
		}
		again, ok := parseToken(got.text())
		if !ok || !reflect.DeepEqual(got, again) {
			t.Fatalf("%q became %+v and then %+v, %v", text, got, again, ok)
		}
		got.holds(1, 1, 1)
		for i := range uint32(mostEntries + 2) {
			got.set(i, 1, 1)
		}
		if len(got.entries) > mostEntries {
			t.Fatalf("%d entries", len(got.entries))
		}
	})
}
