package responder

import (
	"context"
	"encoding/json"
	"errors"
	"net"
)

// Datagram is the JSON that answers a datagram.
type Datagram struct {
	Identity
	Remote string `json:"remote"`
	// Text is what came.
	Text string `json:"text"`
}

// maxDatagram is how much of a datagram is looked at.
const maxDatagram = 1024

// ServePackets answers each datagram on c with a Datagram until ctx is done. It closes c.
func ServePackets(ctx context.Context, c net.PacketConn, who Identity) error {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	defer func() { _ = c.Close() }() // what is lost is a datagram
	in := make([]byte, maxDatagram)
	for {
		n, from, err := c.ReadFrom(in)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		out, err := json.Marshal(Datagram{Identity: who, Remote: from.String(), Text: string(in[:n])})
		if err != nil {
			continue
		}
		_, _ = c.WriteTo(append(out, '\n'), from) // nobody can know whether it arrives
	}
}
