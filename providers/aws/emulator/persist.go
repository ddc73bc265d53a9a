package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// load reads the state file; one that is not there is an empty world.
func load(path string) (*state, error) {
	st := &state{Regions: map[string]*region{}, Sessions: map[string]session{}}
	if path == "" {
		return st, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	if err := json.Unmarshal(raw, st); err != nil {
		return nil, fmt.Errorf("reading the state in %s: %w", path, err)
	}
	return st, nil
}

// save replaces the state file in one step, so that a kill at any moment leaves a whole one.
func (st *state) save(path string) error {
	if path == "" {
		return nil
	}
	raw, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("encoding the state: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}
