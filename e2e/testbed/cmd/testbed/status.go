package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
)

// status prints each daemon with its memory. Proportional memory (PSS) counts a page that
// several processes share once: the daemons are one program, so their resident sizes add up
// to more than they take.
func status(_ context.Context, args []string) error {
	options, _, err := parse("status", args, nil)
	if err != nil {
		return err
	}
	fleet, _, err := open(options, nil)
	if err != nil {
		return err
	}
	processes, err := fleet.Daemons().List()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "daemon\tpid\tresident MiB\tproportional MiB\t")
	var resident, proportional int
	for _, process := range processes {
		if !fleet.Daemons().Alive(process.Name) {
			fmt.Fprintf(table, "%s\tended\t\t\t\n", process.Name)
			continue
		}
		rss, pss := memory(process.PID)
		resident, proportional = resident+rss, proportional+pss
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t\n", process.Name, process.PID, rss>>10, pss>>10)
	}
	fmt.Fprintf(table, "total\t\t%d\t%d\t\n", resident>>10, proportional>>10)
	return table.Flush()
}

// memory reads a process's resident and proportional size in KiB.
func memory(pid int) (rss, pss int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		size, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "Rss:":
			rss = size
		case "Pss:":
			pss = size
		}
	}
	return rss, pss
}
