package config

// Timeouts are in milliseconds; 0 for none.
type Timeouts struct {
	// Request bounds the whole exchange as the client sees it, retries included: 504 after it.
	Request int64 `json:"request,omitempty"`
	// BackendRequest bounds one attempt.
	BackendRequest int64 `json:"backendRequest,omitempty"`
}

// Retry repeats a request that may be repeated (GEP-1731).
type Retry struct {
	// Attempts is the number of retries after the first try; 0 disables them.
	Attempts int `json:"attempts"`
	// Codes are the statuses that are tried again. Connection failures before a byte was answered always are.
	Codes []int `json:"codes,omitempty"`
	// Backoff is the least wait before a retry in milliseconds; 0 for the default.
	Backoff int64 `json:"backoff,omitempty"`
}

// RetryBudget bounds retries to a share of the requests of an interval (GEP-3388).
type RetryBudget struct {
	// Percent of the requests of the interval that may be retries, 0 to 100.
	Percent int32 `json:"percent"`
	// Interval in milliseconds over which requests are counted.
	Interval int64 `json:"interval"`
	// MinRetries is how many retries in each MinInterval (milliseconds) are allowed whatever the share is.
	MinRetries  int32 `json:"minRetries,omitempty"`
	MinInterval int64 `json:"minInterval,omitempty"`
}
