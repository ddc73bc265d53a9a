package config

// Header is a name and a value; Name as written by the user.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// HeaderEdit changes headers: first Remove, then Set, then Add. Names compare without case.
type HeaderEdit struct {
	Set    []Header `json:"set,omitempty"`
	Add    []Header `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// Filters are the edits of a rule or of one backend.
type Filters struct {
	Request  *HeaderEdit `json:"request,omitempty"`
	Response *HeaderEdit `json:"response,omitempty"`
	Redirect *Redirect   `json:"redirect,omitempty"`
	Rewrite  *Rewrite    `json:"rewrite,omitempty"`
	Mirrors  []Mirror    `json:"mirrors,omitempty"`
	CORS     *CORS       `json:"cors,omitempty"`
	Auth     *Auth       `json:"auth,omitempty"`
}

// PathEdit replaces a path: whole, or the prefix that matched.
type PathEdit struct {
	// Full replaces the whole path when not nil.
	Full *string `json:"full,omitempty"`
	// Prefix replaces the matched prefix when not nil; "" and "/" both leave no doubled or missing slash.
	Prefix *string `json:"prefix,omitempty"`
}

// Redirect answers the request instead of a backend.
type Redirect struct {
	// Scheme is "http", "https", or "" for the request's.
	Scheme string `json:"scheme,omitempty"`
	// Hostname is "" for the request's.
	Hostname string    `json:"hostname,omitempty"`
	Path     *PathEdit `json:"path,omitempty"`
	// Port 0 is derived: the default of Scheme if Scheme is set, else the listener's. Default ports are left out of Location.
	Port int32 `json:"port,omitempty"`
	// Status is 301, 302, 303, 307 or 308.
	Status int `json:"status"`
}

// Rewrite changes what the backend sees.
type Rewrite struct {
	Hostname string    `json:"hostname,omitempty"`
	Path     *PathEdit `json:"path,omitempty"`
}

// Mirror sends a copy of Numerator in Denominator requests to a pool and forgets the answer.
type Mirror struct {
	Pool        string `json:"pool"`
	Numerator   int32  `json:"numerator"`
	Denominator int32  `json:"denominator"`
}

// CORS answers preflight requests and tells browsers which origins may read answers (GEP-1767, Fetch standard).
type CORS struct {
	// Origins are exact ("https://a.example.com"), "*" for any, or with "*" for the first labels of the
	// host ("https://*.example.com"). An origin that is none of them gets no CORS headers.
	Origins []string `json:"origins,omitempty"`
	// Credentials has answers to allowed origins say that cookies may be sent. "*" in a list is
	// then answered with what was asked for, as browsers want it.
	Credentials bool `json:"credentials,omitempty"`
	// Methods and Headers are what a preflight is told to be allowed; "*" for any.
	Methods []string `json:"methods,omitempty"`
	Headers []string `json:"headers,omitempty"`
	// Expose are the response headers that scripts may read; "*" for any.
	Expose []string `json:"expose,omitempty"`
	// MaxAge is for how many seconds a preflight's answer may be kept; 0 for not telling.
	MaxAge int32 `json:"maxAge,omitempty"`
}

// ListenerFilter is a filter of a listener: one of the fields is set. A filter without any, which a newer operator may have
// written, makes every request answer 500.
type ListenerFilter struct {
	// Auth asks a service; what it answers may change the path, the method and the headers that rules see, but not the host.
	Auth *Auth `json:"auth,omitempty"`
	// Broken, if not empty, makes every request answer 500 and is the reason that the access log tells.
	Broken string `json:"broken,omitempty"`
}

// Auth asks a service whether a request may pass (GEP-1494). A service that does not answer refuses it.
type Auth struct {
	// GRPC says that the service speaks Envoy's ext_authz over gRPC; else it is asked over HTTP.
	GRPC bool   `json:"grpc,omitempty"`
	Pool string `json:"pool"`
	// Path is put before the request's own path when the service is asked over HTTP.
	Path string `json:"path,omitempty"`
	// RequestHeaders are passed on to the service beside those that it always gets (Authorization for HTTP), in
	// lower case; over gRPC, none for all of them.
	RequestHeaders []string `json:"requestHeaders,omitempty"`
	// ResponseHeaders of the service's answer are put into the request to the backend, in lower case; over HTTP, none for all of them.
	ResponseHeaders []string `json:"responseHeaders,omitempty"`
	// MaxBody is how long a body the service gets to judge, in bytes; a longer one is refused with 413. 0 for not telling it the body.
	MaxBody int32 `json:"maxBody,omitempty"`
}
