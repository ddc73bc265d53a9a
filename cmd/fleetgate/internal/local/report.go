package local

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/report"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/try"
)

// Report is how a run stands.
type Report struct {
	Path    string
	Mode    Mode
	Members []string
	// Elapsed since the start, or since the folder changed.
	Elapsed time.Duration
	// CA is the file with the certificate to trust; "" if none was made.
	CA       string
	Gateways []Gateway
	// Faults in the files, and Rows of conditions that tell of something to mend.
	Faults []string
	Rows   []report.Row
	// Backends is how many demo backends run.
	Backends int
	Requests []Request
}

// Gateway is where one Gateway is reached.
type Gateway struct {
	Name string
	// Address is where clients reach it now; "" while they cannot.
	Address string
	// Names are its status.addresses.
	Names []string
	// Pending or failed.
	Note string
}

// Request is one to try, and where to send it.
type Request struct {
	try.Request
	Address string
}

// Write writes the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s through %s, members: %s; %d demo backends; %.2f s\n\n",
		r.Path, r.Mode, strings.Join(r.Members, ", "), r.Backends, r.Elapsed.Seconds())
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "GATEWAY\tREACHED AT\tADDRESS\tNOTE")
	for _, g := range r.Gateways {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", g.Name, g.Address, strings.Join(g.Names, ","), g.Note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Faults)+len(r.Rows) > 0 {
		b.WriteString("\nTo mend:\n")
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "  %s\n", row)
	}
	if len(r.Requests) > 0 {
		b.WriteString("\nTo try:\n")
	}
	for _, q := range r.Requests {
		fmt.Fprintf(&b, "\n# %s\n%s\n", q.Title, q.Line(q.Address, r.CA))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// same leaves out what changes by itself.
func (r Report) same(other Report) bool {
	r.Elapsed, other.Elapsed = 0, 0
	return fmt.Sprintf("%+v", r) == fmt.Sprintf("%+v", other)
}
