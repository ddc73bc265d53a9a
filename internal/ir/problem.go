package ir

// Object names a Kubernetes object that a Problem is about.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Problem is a fault in user input, as a value: on which object, which condition it makes false, and what to do.
type Problem struct {
	Object Object `json:"object"`
	// Listener, or "" when the whole object is meant.
	Listener string `json:"listener,omitempty"`
	// Parent is the index of the route's parentRef that is meant, or -1 for none.
	Parent int `json:"parent,omitempty"`
	// Type and Reason are the standard ones of Gateway API where it has them.
	Type   string `json:"type"`
	Reason string `json:"reason"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
}
