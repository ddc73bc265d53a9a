// Package http1 is HTTP/1.1 (RFC 9110, RFC 9112). Parsing and encoding work on byte slices and do no
// I/O; servers and clients of connections are built on them.
//
// The parser is strict on purpose. Two parsers that disagree about where a message ends let one
// client's request hide in another's, so whatever RFC 9112 leaves to the recipient's taste is
// refused here rather than repaired, and what is passed on is written anew by the encoders.
package http1
