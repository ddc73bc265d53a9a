package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// zombie is the state of a process that ended and whose parent has not asked how.
const zombie = "Z"

type stat struct {
	state string
	start uint64
}

// readStat reads what tells a process from a later one with the same pid.
func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(data))
}

// parseStat reads the state (field 3) and the start time (field 22) of proc_pid_stat(5).
// Fields are counted from the last parenthesis, since a program's name may hold anything.
func parseStat(line string) (stat, error) {
	const startField = 22 - 3
	end := strings.LastIndexByte(line, ')')
	fields := strings.Fields(line[end+1:])
	if end < 0 || len(fields) <= startField {
		return stat{}, fmt.Errorf("not a process status: %q", line)
	}
	start, err := strconv.ParseUint(fields[startField], 10, 64)
	return stat{state: fields[0], start: start}, err
}
