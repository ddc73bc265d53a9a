package config

// Session is how a client is known again (GEP-1619). The token names the backend and the endpoint, cannot be forged or
// read, and is of no use for another rule. A client whose endpoint is gone is given another one.
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
