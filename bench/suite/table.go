package suite

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/fleetgate/fleetgate/bench/peer"
)

// columns of the table, in order.
var columns = []peer.Kind{peer.Ours, peer.Nginx, peer.HAProxy, peer.Traefik, peer.NetHTTP}

// WriteTable writes rows as a table of Markdown.
func WriteTable(w io.Writer, rows []Row) error {
	var text strings.Builder
	text.WriteString("| case | ours | nginx | HAProxy | Traefik | net/http | ours ÷ nginx | goal | met |\n|---|---:|---:|---:|---:|---:|---:|---:|:-:|\n")
	var notes []string
	for i := range rows {
		row := &rows[i]
		text.WriteString("| " + strings.Join(row.cells(), " | ") + " |\n")
		for _, note := range row.Notes {
			notes = append(notes, row.Case+": "+note)
		}
	}
	if len(notes) > 0 {
		text.WriteString("\nNotes:\n")
		for _, note := range notes {
			text.WriteString("- " + note + "\n")
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (r *Row) cells() []string {
	unit := r.Unit
	if unit == "" {
		unit = "µs"
	}
	cells := []string{r.Title + ", " + unit}
	for _, kind := range columns {
		value, there := r.Values[kind]
		cells = append(cells, figure(value, there))
	}
	return append(cells, r.ratio(), orDash(r.Goal), r.verdict())
}

func (r *Row) ratio() string {
	if r.Against == "" {
		return "–"
	}
	if math.IsNaN(r.Ratio) {
		return "void"
	}
	text := fmt.Sprintf("%.2f (%.2f–%.2f)", r.Ratio, r.Least, r.Greatest)
	if r.Against != "nginx" {
		text += " of " + r.Against
	}
	return text
}

func (r *Row) verdict() string {
	switch {
	case r.Goal == "":
		return "–"
	case r.Met:
		return "yes"
	}
	return "**no**"
}

// figure is a number with three digits that mean something.
func figure(value float64, there bool) string {
	switch {
	case !there:
		return "–"
	case math.IsNaN(value):
		return "void"
	case math.Abs(value) >= 100:
		return fmt.Sprintf("%.0f", value)
	case math.Abs(value) >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func kilobytes(n float64) string { return fmt.Sprintf("≤ %g KB", n) }
