package balance

// Option changes what a Pool does with its endpoints.
type Option func(*Pool)

// WithConns makes what open gives the Conns of every endpoint that becomes known, by its
// Endpoint.Address. It is called once for an endpoint, before any Pick can give it, and must not
// call the pool.
func WithConns(open func(address string) any) Option {
	return func(p *Pool) { p.conns = open }
}

// WithGone calls gone once with the Conns of every endpoint that is known no longer: Update left it
// out, or the pool was closed. A request that picked the endpoint just before may still use its
// Conns: what is gone should close what is idle, keep nothing that comes back, and refuse nobody.
// An address that comes back later is a new endpoint. gone must not call the pool.
func WithGone(gone func(conns any)) Option {
	return func(p *Pool) { p.gone = gone }
}
