package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Marks between which a document has the figures.
const (
	beginMark = "<!-- figures: begin -->\n"
	endMark   = "<!-- figures: end -->\n"
)

// write puts the figures into a file: between the marks if it has them, else in place of all.
func write(path, figures string) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, []byte(fill(string(before), figures)), 0o644) //nolint:gosec // a document
}

func fill(document, figures string) string {
	head, rest, begun := strings.Cut(document, beginMark)
	_, tail, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return figures
	}
	return head + beginMark + figures + endMark + tail
}
