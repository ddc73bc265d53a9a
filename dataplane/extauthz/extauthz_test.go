package extauthz

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at gives the fields at a path of field numbers.
func at(t *testing.T, message []byte, path ...int) (found [][]byte, numbers []uint64) {
	t.Helper()
	err := each(message, func(f fieldValue) error {
		if f.field != path[0] {
			return nil
		}
		if len(path) == 1 {
			found, numbers = append(found, f.bytes), append(numbers, f.number)
			return nil
		}
		below, n := at(t, f.bytes, path[1:]...)
		found, numbers = append(found, below...), append(numbers, n...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, numbers
}

func TestCheck(t *testing.T) {
	c := Check{
		Source: "10.0.0.1", Time: time.Unix(5, 7), ID: "id", Method: "POST", Scheme: "https", Host: "a.org", Path: "/x?q", Protocol: "HTTP/2", Size: 4,
		Headers: []Header{{"a", "1"}, {"cookie", "x=1"}, {"a", "2"}, {"cookie", "y=2"}, {"odd", "\xff"}}, Body: []byte("body"),
	}
	message, err := Unframe(c.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	const attributes, source, request, http = 1, 1, 4, 2
	for name, want := range map[string]struct {
		path []int
		text string
	}{
		"address": {[]int{attributes, source, 1, 1, 2}, "10.0.0.1"}, "id": {[]int{attributes, request, http, 1}, "id"}, "method": {[]int{attributes, request, http, 2}, "POST"},
		"path": {[]int{attributes, request, http, 4}, "/x?q"}, "host": {[]int{attributes, request, http, 5}, "a.org"}, "scheme": {[]int{attributes, request, http, 6}, "https"},
		"protocol": {[]int{attributes, request, http, 10}, "HTTP/2"}, "body": {[]int{attributes, request, http, 11}, "body"},
	} {
		if got, _ := at(t, message, want.path...); len(got) != 1 || string(got[0]) != want.text {
			t.Errorf("%s: got %q", name, got)
		}
	}
	names, _ := at(t, message, attributes, request, http, 3, 1)
	values, _ := at(t, message, attributes, request, http, 3, 2)
	if got := string(bytes.Join(names, []byte(" "))) + "|" + string(bytes.Join(values, []byte("|"))); got != "a cookie odd|1,2|x=1; y=2|\uFFFD" {
		t.Errorf("headers: got %q", got)
	}
	if _, n := at(t, message, attributes, request, http, 9); len(n) != 1 || n[0] != 4 {
		t.Errorf("size: got %v", n)
	}
	if _, n := at(t, message, attributes, request, 1, 1); len(n) != 1 || n[0] != 5 {
		t.Errorf("time: got %v", n)
	}
	c.Body = []byte("\xff\xfe")
	message, _ = Unframe(c.Append(nil))
	if got, _ := at(t, message, attributes, request, http, 12); len(got) != 1 || string(got[0]) != "\xff\xfe" {
		t.Errorf("what is no text is sent as bytes: got %q", got)
	}
}

// option is a HeaderValueOption.
func option(name, value string, more ...byte) []byte {
	return append(appendMessage(nil, 1, appendText(appendText(nil, 1, name), 2, value)), more...)
}

func TestParse(t *testing.T) {
	status := func(code byte) []byte { return appendMessage(nil, 1, appendNumber(nil, 1, uint64(code))) }
	okResponse := appendMessage(appendMessage(appendText(nil, 5, "x-gone"), 2, option("x-a", "1")), 2, option("x-b", "2", 0x12, 2, 8, 1))
	okResponse = appendMessage(appendMessage(okResponse, 2, option("x-c", "3", 0x18, 1)), 6, option("x-reply", "4"))
	deniedResponse := appendText(appendMessage(appendMessage(nil, 1, []byte{8, 0x91, 3}), 2, option("www-authenticate", "x")), 3, "no")
	cases := []struct {
		name, reason string
		message      []byte
		want         Answer
		err          error
	}{
		{"empty", "what is not said is OK", nil, Answer{Allowed: true}, nil},
		{"allowed", "", append(status(0), appendMessage(nil, 3, okResponse)...), Answer{
			Allowed: true, Remove: []string{"x-gone"}, Reply: []Edit{{Header: Header{"x-reply", "4"}}},
			Edits: []Edit{{Header: Header{"x-a", "1"}}, {Header: Header{"x-b", "2"}, Append: true}, {Header: Header{"x-c", "3"}, IfAbsent: true}},
		}, nil},
		{"denied", "", append(status(7), appendMessage(nil, 2, deniedResponse)...), Answer{Status: 401, Body: "no", Edits: []Edit{{Header: Header{"www-authenticate", "x"}}}}, nil},
		{"denied in a word", "", status(7), Answer{}, nil},
		{"both", "a denial is one whatever the status says", append(status(0), appendMessage(nil, 2, deniedResponse)...), Answer{Status: 401, Body: "no", Edits: []Edit{{Header: Header{"www-authenticate", "x"}}}}, nil},
		{"unknown fields", "newer services say more", append([]byte{0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x52, 1, 'x'}, status(0)...), Answer{Allowed: true}, nil},
		{"cut short", "", []byte{10, 5, 8}, Answer{}, errWire},
		{"no number of a field", "", []byte{0}, Answer{}, errWire},
		{"a group", "", []byte{11}, Answer{}, errWire},
	}
	for _, c := range cases {
		got, err := Parse(c.message)
		if !errors.Is(err, c.err) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s: got %+v, %v", c.name, c.reason, got, err)
		}
	}
}

func TestUnframe(t *testing.T) {
	for _, bad := range [][]byte{nil, {0, 0, 0, 0}, {1, 0, 0, 0, 0}, {0, 0, 0, 0, 2, 1}, {0, 0, 0, 0, 0, 1}} {
		if _, err := Unframe(bad); !errors.Is(err, ErrFrame) {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}

// FuzzParse holds what a service says to what can be said: nothing is allowed with a fault.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(appendMessage(appendMessage(nil, 1, []byte{8, 7}), 3, appendMessage(nil, 2, option("a", "b", 0x18, 1))))
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := Parse(message)
		if err != nil && !reflect.DeepEqual(got, Answer{}) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got.Status < 0 || got.Status > 999 {
			t.Fatalf("status %d", got.Status)
		}
	})
}
