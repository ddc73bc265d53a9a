// Package document puts figures into a document.
package document

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Write puts text into a file: between the marks of that name, "<!-- NAME: begin -->" and "<!-- NAME: end -->", each a
// line of its own, or, if the file does not have both, in place of all that it has.
func Write(path, name, text string) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	filled, marked := fill(string(before), name, text)
	if !marked {
		filled = text
	}
	return os.WriteFile(path, []byte(filled), 0o644) //nolint:gosec // a document
}

func fill(document, name, text string) (filled string, marked bool) {
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", name), fmt.Sprintf("<!-- %s: end -->\n", name)
	head, rest, begun := strings.Cut(document, begin)
	_, tail, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return "", false
	}
	return head + begin + text + end + tail, true
}
