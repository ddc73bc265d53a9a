package config

// Session is how a client is known again (GEP-1619): by a token that names an endpoint of each backend that the client was
// sent to. Weights choose the backend of each request all the same; the token chooses among its endpoints. A client whose
// endpoint is gone, or set aside, is given another one.
//
// All proxies of the Gateway, in all members, make and take the same tokens, and share no secret for that. So a token is a
// hash of rule, backend and address, which does not tell the address but lets whoever knows these names try addresses; it is
// of no use for another rule, and names nothing but endpoints that the rule's requests may go to anyhow. The times in it are
// the client's word: a client can make its own session last longer.
type Session struct {
	// Name of the cookie or of the header that carries the token.
	Name string `json:"name"`
	// Header says that a header carries the token, in answers and in requests; else it is a cookie.
	Header bool `json:"header,omitempty"`
	// Path of the cookie; "" for "/".
	Path string `json:"path,omitempty"`
	// Permanent gives the cookie Absolute as its Max-Age; else it ends with the browser's session.
	Permanent bool `json:"permanent,omitempty"`
	// Absolute and Idle are for how many milliseconds a session holds since it began, and since it was last used; 0 for no end.
	Absolute int64 `json:"absolute,omitempty"`
	Idle     int64 `json:"idle,omitempty"`
}
