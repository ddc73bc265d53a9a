package testbed

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestJournalRoundTrip(t *testing.T) {
	dir := t.TempDir()
	j := &journal{Options: Options{Dir: dir, Prefix: "x"}, Boot: "b"}
	if err := errors.Join(j.enterLink("x0"), j.enterLink("x0"), j.enterDir("/d"), j.enterRule(rule{Chain: "INPUT"})); err != nil {
		t.Fatal(err)
	}
	got, err := readJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Links) != 1 || len(got.Dirs) != 1 || len(got.Rules) != 1 || !got.Ready.IsZero() {
		t.Errorf("got %+v", got)
	}
}

// A folder that holds something else is never emptied.
func TestForeignFolderIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Down(t.Context(), Options{Dir: dir}); err == nil {
		t.Error("no error for a folder that holds no testbed")
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("a file that is not ours was removed")
	}
}

func TestDownOfNothing(t *testing.T) {
	if err := Down(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "none")}); err != nil {
		t.Errorf("no testbed is no error: %v", err)
	}
}

func TestFailedUpLeavesLogsForDown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "testbed")
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Down(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is still there")
	}
}
