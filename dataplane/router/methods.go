package router

import (
	"errors"
	"strings"
)

// methods are the matches of gRPC methods, whatever their service is, each in precedence; nil for none.
type methods map[string][]entry

var errNoMethod = errors.New("a method is one segment of a path")

// normalMethod gives the method of a match as it is in paths in normal form.
func normalMethod(name string) (string, error) {
	path, err := NormalPath("/" + name)
	if err != nil {
		return "", err
	}
	if path = path[1:]; path == "" || strings.Contains(path, "/") {
		return "", errNoMethod
	}
	return path, nil
}

// newMethods makes methods of drafts, which must be in order of byPath.
func newMethods(list []draft) methods {
	if len(list) == 0 {
		return nil
	}
	m := methods{}
	for i := range list {
		m[list[i].path] = append(m[list[i].path], list[i].entry)
	}
	return m
}

// of gives the matches for the method that a path of exactly two segments names.
func (m methods) of(path string) []entry {
	if path[0] != '/' {
		return nil
	}
	at := strings.IndexByte(path[1:], '/') + 1
	if at <= 1 || strings.IndexByte(path[at+1:], '/') >= 0 {
		return nil
	}
	return m[path[at+1:]]
}
