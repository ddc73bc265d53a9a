// Package http3 is the server's half of HTTP/3 (RFC 9114) with QPACK (RFC 9204) and extended CONNECT
// (RFC 9220), on QUIC connections of quic-go.
//
// QUIC does what HTTP/2 does itself: streams, their windows and their number. So one goroutine reads the
// frames of a stream and then serves its request, and few more are of the connection. QPACK's dynamic
// table is not used in either direction: no stream waits for another one, and nothing is kept.
//
// Whatever a client can make grow has a bound: streams, field sections, windows, and time. A stream
// counts until its handler has returned, reset or not.
package http3
