package main

import (
	"fmt"
	"strings"
	"time"
)

// row is one figure.
type row struct {
	what, value, goal string
	// met is meaningful if there is a goal.
	met bool
}

// table writes rows as Markdown.
func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| what | measured | goal | met |\n|---|---:|---:|:-:|\n")
	for _, r := range rows {
		met := "–"
		if r.goal != "" {
			met = map[bool]string{true: "yes", false: "**no**"}[r.met]
		}
		goal := r.goal
		if goal == "" {
			goal = "–"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", r.what, r.value, goal, met)
	}
	return text.String()
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

// share is a time on processors in percent of one of them.
func share(cpu, wall time.Duration) float64 { return 100 * float64(cpu) / float64(wall) }
