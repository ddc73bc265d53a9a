package document

import (
	"os"
	"path/filepath"
	"testing"
)

const begin, end = "<!-- a: begin -->\n", "<!-- a: end -->\n"

func TestWrite(t *testing.T) {
	for _, c := range []struct{ name, reason, before, want string }{
		{"new", "the figures are all of it", "", "new\n"},
		{"marked", "only what is between the marks", "a\n" + begin + "old\n" + end + "b\n", "a\n" + begin + "new\n" + end + "b\n"},
		{"empty", "marks with nothing between", "a\n" + begin + end, "a\n" + begin + "new\n" + end},
		{"half marked", "not a place", "a\n" + begin + "b\n", "new\n"},
		{"another's", "a document has several places", "<!-- b: begin -->\nb\n<!-- b: end -->\n" + begin + end, "<!-- b: begin -->\nb\n<!-- b: end -->\n" + begin + "new\n" + end},
	} {
		path := filepath.Join(t.TempDir(), "out.md")
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := Write(path, "a", "new\n"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v, want %q: %s", c.name, got, err, c.want, c.reason)
		}
	}
}

func TestWriteMakesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.md")
	if err := Write(path, "a", "figures\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "figures\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestPerformance holds the places for figures in the documentation.
func TestPerformance(t *testing.T) {
	text, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"figures", "scale"} {
		if _, marked := fill(string(text), name, ""); !marked {
			t.Errorf("docs/performance.md has no place for %s", name)
		}
	}
}
