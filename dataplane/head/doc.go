// Package head makes requests, responses and trailers of header lists, as HTTP/2 and HTTP/3 have them
// in common (RFC 9113 section 8, RFC 9114 section 4): what is malformed, what is refused, and what is
// too large. It does not know how lists are encoded.
package head
