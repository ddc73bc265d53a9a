// Package http2 is HTTP/2 (RFC 9113) with HPACK (RFC 7541) and extended CONNECT (RFC 8441), on any
// net.Conn: Server is a client's connection, Client is one to a backend.
//
// One goroutine reads a connection and parses its frames in place. Streams write by appending frames
// to what is pending under the connection's lock; whoever finds nobody writing becomes the writer and
// writes what has gathered, with the lock released. So there is no goroutine that only writes, no
// channel, and many streams share one system call.
//
// Whatever a peer can make grow has a bound: streams, header lists, header blocks, frames that do
// nothing, resets, what is pending for a peer that does not read, and time.
package http2
