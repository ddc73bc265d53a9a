package proxy

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// session is what the proxy keeps for a rule with sessions: the same for all proxies of the Gateway.
type session struct {
	*config.Session

	// keys are of the backends: tokens made with one are of no use for another rule or backend.
	keys []uint64
	// attributes are those of the cookie that do not change.
	attributes string
}

// newSession gives nil for a rule without sessions, and for one whose name cannot be that of a cookie or header.
func newSession(rule *config.Rule, name string) *session {
	c := rule.Session
	if c == nil || !filter.IsToken(c.Name) {
		return nil
	}
	s := &session{Session: c}
	for i := range rule.Backends {
		sum := sha256.Sum256([]byte(strings.Join([]string{"session", rule.Route, name, rule.Backends[i].Pool}, "\x00")))
		s.keys = append(s.keys, binary.BigEndian.Uint64(sum[:]))
	}
	path := c.Path
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == ';' || r >= 0x7f }) {
		path = "/"
	}
	s.attributes = "; Path=" + path + "; HttpOnly; SameSite=Strict"
	return s
}

// readToken takes the client's token, if it has one that holds.
func (x *exchange) readToken() {
	s := x.action.session
	if s == nil {
		return
	}
	bring := cookie
	if s.Header {
		bring = firstValue
	}
	text := bring(x.req.Fields, s.Name)
	x.token = &token{}
	if t, ok := parseToken(text); ok && t.holds(x.record.Start.UnixMilli(), s.Absolute, s.Idle) {
		*x.token = t
	}
}

// pickByToken gives the endpoint that the client's token names, nil if it is not to be had.
func (x *exchange) pickByToken(now time.Time) *balance.Endpoint {
	key := x.action.session.keys[x.chosen-1]
	if named, ok := x.token.endpoint(uint32(key)); ok {
		return x.pool.PickToken(now, key, named, x.tried)
	}
	return nil
}

// often is how many times in its idle time a session is told to go on.
const often = 8

// keepSession tells the client its token, where that changed: a response that sets no cookie can be kept by caches.
func (x *exchange) keepSession(endpoint *balance.Endpoint) {
	if x.token == nil {
		return
	}
	s, now := x.action.session, x.record.Start.UnixMilli()
	key := s.keys[x.chosen-1]
	named, ok := x.token.endpoint(uint32(key))
	changed := !ok || named != endpoint.Token(key)
	if changed {
		x.token.set(uint32(key), endpoint.Token(key), now)
	}
	if changed || s.Idle > 0 && now-x.token.used >= s.Idle/often {
		x.token.used, changed = now, true
	}
	x.edit = fields{list: &x.reply.Fields}
	switch {
	case s.Header:
		x.edit.Set(s.Name, x.token.text())
	case changed:
		x.edit.Add("Set-Cookie", x.cookieOf(s, now))
	}
}

func (x *exchange) cookieOf(s *session, now int64) string {
	text := s.Name + "=" + x.token.text() + s.attributes
	if x.clientScheme() == "https" {
		text += "; Secure"
	}
	if s.Permanent && s.Absolute > 0 {
		text += "; Max-Age=" + strconv.FormatInt((x.token.began+s.Absolute-now+999)/1000, 10)
	}
	return text
}
