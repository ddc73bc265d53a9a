package testbed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// journal is what a testbed made on the machine outside its folder and its processes. A
// thing is entered before it is made, so that after a crash everything is found again; and
// nothing is ever removed that is not entered.
type journal struct {
	Options Options `json:"options"`
	// Boot is the boot in which it was made: after a reboot nothing but files is left.
	Boot string `json:"boot"`
	// Ready is when Up finished; zero if it did not.
	Ready time.Time `json:"ready,omitzero"`
	// Links are network interfaces.
	Links []string `json:"links,omitempty"`
	// Rules are iptables rules: table arguments without -I, -C or -D.
	Rules []rule `json:"rules,omitempty"`
	// Dirs are mount points outside Dir: see sharedDirs.
	Dirs []string `json:"dirs,omitempty"`
	// Cgroup is the name of the cgroup, in every hierarchy, that holds the containers.
	Cgroup string `json:"cgroup,omitempty"`
}

type rule struct {
	Chain string   `json:"chain"`
	Args  []string `json:"args"`
}

const journalName = "state.json"

// errNoTestbed means that a folder holds no testbed.
var errNoTestbed = errors.New("no testbed")

func readJournal(dir string) (*journal, error) {
	data, err := os.ReadFile(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", errNoTestbed, dir)
	}
	if err != nil {
		return nil, err
	}
	j := &journal{}
	if err := json.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, journalName), err)
	}
	if j.Options.Dir != dir {
		return nil, fmt.Errorf("the testbed in %s was made as %s: move it back", dir, j.Options.Dir)
	}
	return j, nil
}

func (j *journal) write() error {
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(j.Options.Dir, journalName)
	if err := os.WriteFile(file+".new", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func (j *journal) enterLink(name string) error {
	if !slices.Contains(j.Links, name) {
		j.Links = append(j.Links, name)
	}
	return j.write()
}

func (j *journal) enterRule(r rule) error {
	j.Rules = append(j.Rules, r)
	return j.write()
}

func (j *journal) enterDir(dir string) error {
	if !slices.Contains(j.Dirs, dir) {
		j.Dirs = append(j.Dirs, dir)
	}
	return j.write()
}
