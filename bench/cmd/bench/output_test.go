package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFill(t *testing.T) {
	for _, c := range []struct{ name, reason, document, want string }{
		{"new", "the figures are all of it", "", "new\n"},
		{"marked", "only what is between the marks", "a\n" + beginMark + "old\n" + endMark + "b\n", "a\n" + beginMark + "new\n" + endMark + "b\n"},
		{"again", "figures can be put in over and over", fill("a\n"+beginMark+endMark, "old\n"), "a\n" + beginMark + "new\n" + endMark},
		{"half marked", "not a place", "a\n" + beginMark + "b\n", "new\n"},
	} {
		if got := fill(c.document, "new\n"); got != c.want {
			t.Errorf("%s: %q, want %q: %s", c.name, got, c.want, c.reason)
		}
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.md")
	if err := write(path, "figures\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "figures\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestDocument holds the place for the figures in the documentation.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	if filled := fill(string(text), "figures\n"); filled == "figures\n" {
		t.Error("docs/performance.md has no place for the figures")
	}
}
