// Package local runs a whole gateway on one machine: objects from a folder, proxies and backends in this process, and
// in front of them an emulated AWS, Services, or nothing.
package local

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
)

// Mode says what stands before the proxies.
type Mode string

// Modes.
const (
	// Emulator puts the load balancers of an emulated AWS before the proxies of its classes.
	Emulator Mode = "emulator"
	// Plain lets clients reach those proxies themselves, which then end TLS.
	Plain Mode = "plain"
)

// Options of a run.
type Options struct {
	// Path is the folder, or a file.
	Path string
	Mode Mode
	// Listen is the address of the first Gateway with Mode Plain; the next ones get the addresses after it.
	Listen netip.Addr
	// PortOffset is added to every listener's port.
	PortOffset int32
	// Members that take part.
	Members []string
	// Out gets the report. Log gets what goes wrong, and AccessLog a line a request; both may be nil.
	Out       io.Writer
	Log       *slog.Logger
	AccessLog io.Writer
}

func (o Options) validate() error {
	switch {
	case o.Mode != Emulator && o.Mode != Plain:
		return fmt.Errorf("there is no provider %q: use %s or %s", o.Mode, Emulator, Plain)
	case len(o.Members) == 0 || slices.Contains(o.Members, ""):
		return fmt.Errorf("name at least one member")
	case len(o.Members) > maxMembers:
		return fmt.Errorf("%d members are too many: at most %d", len(o.Members), maxMembers)
	case o.Mode == Plain && len(o.Members) > 1:
		return fmt.Errorf("nothing shares requests between members with the provider %s: name one member", Plain)
	case o.PortOffset < 0 || o.PortOffset > 60000:
		return fmt.Errorf("a port offset of %d leaves no port: use 0 to 60000", o.PortOffset)
	}
	return nil
}
