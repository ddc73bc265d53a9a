package proxy

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it, to show that the other side speaks WebSocket
	"encoding/base64"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// wantsUpgrade says whether the request asks to change the protocol, to one that may be passed on.
// Other versions of HTTP may not: their requests would go past every rule.
func (x *exchange) wantsUpgrade() bool {
	r := x.req
	if r.Upgrade == "" || r.Version >= message.HTTP2 && r.Method != "CONNECT" || r.Version == message.HTTP11 && r.HasBody() {
		return false
	}
	name, _, _ := strings.Cut(strings.ToLower(r.Upgrade), "/")
	return name != "h2c" && name != "h2" && name != "http" && name != "tls"
}

// declined says that a backend of HTTP/1.1 has answered the request for a tunnel as if it were any other: a
// client of HTTP/2 would take that for an open tunnel (RFC 8441 section 5).
func (x *exchange) declined() bool {
	return x.req.Method == "CONNECT" && x.response.Status < 300 && !isHTTP2(x.pool.Config.Protocol)
}

// prepareUpgrade asks the backend for the change, in the way of the protocol that it speaks: over
// HTTP/2 a WebSocket is an extended CONNECT without keys (RFC 8441). A backend that speaks HTTP/2 gets
// what has no such form as a plain request, as if the proxy did not know the other protocol.
func (x *exchange) prepareUpgrade() {
	isWebSocket := strings.EqualFold(x.req.Upgrade, "websocket")
	edit := fields{list: &x.out.Fields}
	switch overHTTP2, fromHTTP2 := isHTTP2(x.pool.Config.Protocol), x.req.Version >= message.HTTP2; {
	case overHTTP2 && fromHTTP2:
	case overHTTP2:
		if !isWebSocket || firstValue(x.req.Fields, "Sec-WebSocket-Key") == "" {
			return
		}
		edit.Del("Sec-WebSocket-Key")
	case fromHTTP2:
		edit.Set("Sec-WebSocket-Key", websocketKey)
	}
	x.out.Upgrade, x.out.ContentLength = x.req.Upgrade, 0
	if isWebSocket {
		x.out.Upgrade = "websocket" // the spelling that every backend knows
	}
}

// websocketKey is the key of WebSockets that we open for clients of HTTP/2 and HTTP/3. It proves nothing to
// anyone but that the backend read it, so one will do.
const websocketKey = "ZmxlZXRnYXRlLXByb3h5IQ=="

var websocketAccept = acceptOf(websocketKey)

// acceptOf gives the answer to a key (RFC 6455 section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// switches says that the backend answers by changing the protocol.
func (x *exchange) switches() bool {
	if x.out.Upgrade != "" && isHTTP2(x.pool.Config.Protocol) {
		return x.response.Status/100 == 2
	}
	return x.response.Status == 101
}

// upgrade joins client and backend after the backend agreed to change the protocol.
func (x *exchange) upgrade(t *attempt) (int, string) {
	overHTTP2 := x.response.Status != 101
	if x.out.Upgrade == "" || !overHTTP2 && !strings.EqualFold(x.response.Upgrade, x.req.Upgrade) {
		return 502, ReasonBadUpgrade
	}
	x.stopWatch()
	x.startReply(101)
	x.reply.Fields = x.reply.Fields[:0]
	x.reply.ContentLength = message.Unknown
	x.reply.Upgrade = x.out.Upgrade
	x.copyReplyFields()
	x.editReply()
	x.keepSession(t.endpoint)
	switch {
	case x.req.Version >= message.HTTP2:
		if !overHTTP2 && !x.acceptForHTTP2() {
			return 502, ReasonBadUpgrade
		}
		x.reply.Status, x.reply.Upgrade, x.record.Status = 200, "", 200
	case overHTTP2:
		x.edit.Set("Sec-WebSocket-Accept", acceptOf(firstValue(x.req.Fields, "Sec-WebSocket-Key")))
	}
	// Time limits are for requests and responses, not for the conversation that follows.
	x.deadline = time.Time{}
	t.call.SetDeadline(time.Time{}, 0)
	if err := x.in.Respond(&x.reply, nil, false); err != nil {
		x.record.Reason = ReasonClientGone
		return 0, ""
	}
	x.converse(t.call)
	return 0, ""
}

// acceptForHTTP2 takes the proof out that only HTTP/1.1 has, if it is right.
func (x *exchange) acceptForHTTP2() bool {
	view := headerView{&message.Request{Fields: x.response.Fields}}
	if accept, _ := view.Value("Sec-Websocket-Accept"); accept != websocketAccept {
		return false
	}
	edit := fields{list: &x.reply.Fields}
	edit.Del("Sec-WebSocket-Accept")
	return true
}

// converse copies both ways until either side ends.
func (x *exchange) converse(call upstream.Call) {
	x.client.tunnels.Add(1)
	defer x.client.tunnels.Add(-1)
	up := make(chan struct{})
	go func() {
		defer close(up)
		copyBody(call, x.in)
		call.Cancel(errEnded)
	}()
	copyBody(x.in, call)
	if x.req.Version >= message.HTTP2 {
		_ = x.in.Body(nil, true) // what a closed connection is over HTTP/2 (RFC 8441 section 5)
	}
	x.in.stop()
	<-up
}

// copyBody copies until there is nothing more to read, or nobody to write to.
func copyBody(to message.Writer, from message.Body) {
	for {
		piece, err := from.Next()
		if err != nil || to.Body(piece, false) != nil {
			return
		}
	}
}
