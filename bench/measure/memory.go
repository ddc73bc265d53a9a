package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what processes hold, in bytes.
type Memory struct {
	// RSS counts a page for each process that has it; PSS shares it out among these.
	RSS, PSS int64
}

// MemoryOf sums up the memory of processes.
func MemoryOf(pids ...int) (total Memory, err error) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return total, err
		}
		m := parseRollup(string(text))
		total.RSS += m.RSS
		total.PSS += m.PSS
	}
	return total, nil
}

// parseRollup reads the lines "Rss: 12 kB" and "Pss: 12 kB".
func parseRollup(text string) (m Memory) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		switch name {
		case "Rss":
			m.RSS = kilobytes << 10
		case "Pss":
			m.PSS = kilobytes << 10
		}
	}
	return m
}
