package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// wantsUpgrade says whether the request asks for WebSocket. No other protocol is passed on: what
// follows an upgrade goes past every rule.
func (x *exchange) wantsUpgrade() bool {
	r := x.r
	return r.ProtoMajor == 1 && r.ProtoMinor == 1 && r.Method == http.MethodGet && r.ContentLength == 0 &&
		hasToken(r.Header["Connection"], "upgrade") &&
		len(r.Header["Upgrade"]) == 1 && strings.EqualFold(r.Header["Upgrade"][0], "websocket")
}

// upgrade joins client and backend after the backend agreed to change the protocol.
func (x *exchange) upgrade(t *attempt) {
	backend, ok := t.response.Body.(io.ReadWriteCloser)
	if !ok || !x.wantsUpgrade() || !strings.EqualFold(t.response.Header.Get("Upgrade"), "websocket") {
		x.answer(http.StatusBadGateway, ReasonBadUpgrade)
		return
	}
	// Time limits are for requests and responses, not for the conversation that follows.
	t.stopTimer()
	if x.timer != nil {
		x.timer.Stop()
	}
	client, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		x.answer(http.StatusInternalServerError, ReasonBadUpgrade)
		return
	}
	x.record.Status = http.StatusSwitchingProtocols
	tunnel := &tunnel{client: client, backend: backend}
	if !x.proxy.tunnels.add(tunnel) {
		tunnel.close()
		return
	}
	defer x.proxy.tunnels.remove(tunnel)
	if err := x.writeUpgrade(client, t.response); err != nil {
		x.record.Reason = ReasonClientGone
		tunnel.close()
		return
	}
	tunnel.run(buffered.Reader)
}

func (x *exchange) writeUpgrade(client net.Conn, response *http.Response) error {
	header := response.Header
	removeHopByHop(header)
	filter.EditHeader(header, x.action.rule.Filters.Response)
	filter.EditHeader(header, x.backend.Filters.Response)
	header["Connection"], header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	if err := client.SetDeadline(time.Time{}); err != nil {
		return err
	}
	out := bufio.NewWriter(client)
	_, _ = out.WriteString("HTTP/1.1 101 Switching Protocols\r\n") // errors come back from Flush
	if err := header.Write(out); err != nil {
		return err
	}
	_, _ = out.WriteString("\r\n")
	return out.Flush()
}

// tunnel is a connection of a client joined to one of a backend.
type tunnel struct {
	client  net.Conn
	backend io.ReadWriteCloser
	once    sync.Once
}

func (t *tunnel) close() {
	t.once.Do(func() {
		_ = t.client.Close() // the end of it either way
		_ = t.backend.Close()
	})
}

// run copies both ways until either side ends.
func (t *tunnel) run(fromClient io.Reader) {
	var up sync.WaitGroup
	up.Go(func() {
		defer t.close()
		relayAll(t.backend, fromClient)
	})
	relayAll(t.client, t.backend)
	t.close()
	up.Wait()
}

func relayAll(to io.Writer, from io.Reader) {
	buffer := borrow()
	defer relayBuffers.Put(buffer)
	// Hidden methods would make io.Copy take buffers of its own.
	_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, buffer[:])
}

// tunnels knows the tunnels that are open.
type tunnels struct {
	mutex  sync.Mutex
	open   map[*tunnel]bool
	closed bool
	none   *sync.Cond
}

func newTunnels() tunnels {
	return tunnels{open: map[*tunnel]bool{}}
}

func (s *tunnels) add(t *tunnel) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return false
	}
	s.open[t] = true
	return true
}

func (s *tunnels) remove(t *tunnel) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.open, t)
	if s.none != nil && len(s.open) == 0 {
		s.none.Broadcast()
	}
}

// wait returns when no tunnel is open.
func (s *tunnels) wait() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.none = sync.NewCond(&s.mutex)
	for len(s.open) > 0 {
		s.none.Wait()
	}
}

func (s *tunnels) closeAll() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed = true
	for t := range s.open {
		t.close()
	}
}
