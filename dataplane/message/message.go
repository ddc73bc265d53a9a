// Package message is what HTTP/1.1, HTTP/2 and HTTP/3 have in common (RFC 9110): requests, responses,
// fields, and the two ways that a body goes. It knows no wire format and does no I/O.
//
// Strings of a message that came from a connection are views of that connection's buffer: they are
// valid until the exchange that the message belongs to is over, and must be cloned to be kept.
package message

// Version is the HTTP version of a message, ten times the number: 10, 11, 20 or 30.
type Version uint8

// Versions.
const (
	HTTP10 Version = 10
	HTTP11 Version = 11
	HTTP2  Version = 20
	HTTP3  Version = 30
)

// Request is the head of a request, validated by the protocol engine that read it.
type Request struct {
	Version Version
	// Method is a token, as sent.
	Method string
	// Scheme is from an absolute-form target or from :scheme; "" when the request does not tell.
	Scheme string
	// Authority is the target's authority if it has one, else the Host field: never empty unless
	// the Host field was. It is syntactically sound, not yet normalised.
	Authority string
	// Target is path and query in origin form, or "*".
	Target string
	// Fields are all fields but Host, in order.
	Fields []Field
	// ContentLength is the length of the body: 0 for none, Unknown when only its end will tell.
	ContentLength int64
	// Close says that the client's connection cannot be used after this request.
	Close bool
	// Expect says that the client waits for 100 (Continue) before it sends the body.
	Expect bool
	// Trailers says that the client takes trailers ("TE: trailers").
	Trailers bool
	// Upgrade is the protocol that the client asks to change to, as sent, if it asks for exactly
	// one; for HTTP/2 and HTTP/3 the :protocol of an extended CONNECT (RFC 8441, RFC 9220).
	Upgrade string
}

// Unknown is the ContentLength of a body whose length only its end will tell.
const Unknown = -1

// HasBody says whether a body follows, be it empty.
func (r *Request) HasBody() bool { return r.ContentLength != 0 }

// Reset empties the request and keeps its memory.
func (r *Request) Reset() { *r = Request{Fields: r.Fields[:0]} }

// Response is the head of a response, validated by the protocol engine that read it.
type Response struct {
	// Status is 100 to 999.
	Status int
	// Reason is the reason phrase; "" for the standard one.
	Reason string
	// Fields are all fields, in order.
	Fields []Field
	// ContentLength is the length of the body: Unknown when only its end will tell. For a response
	// without a body it is what the response says of the one that it stands for.
	ContentLength int64
	// Bodiless says that no body follows whatever the fields say: an answer to HEAD, 1xx, 204, 304.
	Bodiless bool
	// Close says that the backend's connection cannot be used after this response.
	Close bool
	// Upgrade is the protocol that a 101 changes to.
	Upgrade string
}

// Reset empties the response and keeps its memory.
func (r *Response) Reset() { *r = Response{Fields: r.Fields[:0]} }

// Body is the body of a message that arrives.
type Body interface {
	// Next gives the next piece, never empty, valid until the next call. The error is io.EOF at the
	// end of a body that is whole; any other error says that it never will be.
	Next() ([]byte, error)
	// Ended says that the body is whole with the piece that Next gave last, and has no trailers: so
	// that its end can be passed on together with the piece. It may say false although it is so.
	Ended() bool
	// Trailers are the trailer fields, once Next has given io.EOF.
	Trailers() []Field
}

// Writer is a message's way out. What it returns is final: nothing more can be written after an error.
type Writer interface {
	// Body writes a piece; last says that it is the last one and that there are no trailers. A
	// piece may be empty when it is the last.
	Body(piece []byte, last bool) error
	// Trail ends the body with trailers.
	Trail(trailers []Field) error
}

// Responder writes the response to one request.
type Responder interface {
	Writer
	// Inform writes an interim (1xx) response, which is left out when the client's version has none.
	Inform(r *Response) error
	// Respond writes the head and the first piece of the body, in one go where that is possible.
	// last is as for Body. The response's ContentLength frames the body; Fields are sent as they
	// are, without those that are of one connection (Field.Hop) and without Content-Length.
	Respond(r *Response, piece []byte, last bool) error
}
