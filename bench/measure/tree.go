package measure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Stat is what a line of /proc/PID/stat tells (proc(5)).
type Stat struct {
	PID, Parent int
	// Ticks is user and system time in clock ticks of 10 ms.
	Ticks int64
}

var errStat = errors.New("not a line of /proc/PID/stat")

// ParseStat reads such a line. The command's name may hold spaces and parentheses.
func ParseStat(line string) (s Stat, err error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return s, errStat
	}
	if s.PID, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return s, errStat
	}
	// After the name come the state (3rd field of all), the parent (4th), ..., utime (14th), stime (15th).
	fields := strings.Fields(line[end+1:])
	if len(fields) < 13 {
		return s, errStat
	}
	if s.Parent, err = strconv.Atoi(fields[1]); err != nil {
		return s, errStat
	}
	for _, field := range fields[11:13] {
		ticks, bad := strconv.ParseInt(field, 10, 64)
		if bad != nil {
			return s, errStat
		}
		s.Ticks += ticks
	}
	return s, nil
}

// Tree is a process and all that descend from it, in ascending order but for the first.
func Tree(root int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var all []Stat
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		if s, err := ParseStat(string(line)); err == nil {
			all = append(all, s)
		}
	}
	tree := descendants(root, all)
	if tree == nil {
		return nil, fmt.Errorf("process %d is not there", root)
	}
	return tree, nil
}

// descendants gives the root and what descends from it, nil when the root is not among all.
func descendants(root int, all []Stat) []int {
	if !slices.ContainsFunc(all, func(s Stat) bool { return s.PID == root }) {
		return nil
	}
	tree := []int{root}
	for i := 0; i < len(tree); i++ {
		for _, s := range all {
			if s.Parent == tree[i] {
				tree = append(tree, s.PID)
			}
		}
	}
	slices.Sort(tree[1:])
	return tree
}
