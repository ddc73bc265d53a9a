package podlog

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/fleetgate/fleetgate/cmd/leaks"
)

// excerpt is how many lines of a report are shown.
const excerpt = 60

// faulty begins the report of a race, of goroutines that were left, of a panic that ended the program, and of one
// that it survived.
var faulty = regexp.MustCompile(`^WARNING: DATA RACE|^` + leaks.Found + `|^panic: |^fatal error: |"msg":"panic"|"msg":"Observed a panic"|\[recovered\]`)

// Faults are what is wrong with the pod by its log: races, panics, goroutines that were left, restarts. A program that
// was once ready and that never came to its own verdict on goroutines is wrong too.
func (l Log) Faults() error {
	file, err := os.Open(l.File)
	if err != nil {
		return err
	}
	defer file.Close()
	var faults []error
	if l.Restarts > 0 {
		faults = append(faults, fmt.Errorf("restarted %d times", l.Restarts))
	}
	verdict := false
	shown, left := []string(nil), 0
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		switch {
		case strings.HasPrefix(line, leaks.None):
			verdict = true
		case faulty.MatchString(line):
			left = excerpt
		}
		if left > 0 {
			shown, left = append(shown, line), left-1
		}
		if err != nil {
			break
		}
	}
	if len(shown) > 0 {
		faults = append(faults, errors.New(strings.Join(shown, "")))
	} else if l.Ready && !verdict {
		faults = append(faults, errors.Join(fmt.Errorf("its log ends without %q", leaks.None), l.Err))
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("pod %s/%s: %w", l.Namespace, l.Pod, errors.Join(faults...))
}
