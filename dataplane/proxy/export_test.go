package proxy

// Connections is how many connections of clients there are.
func (p *Proxy) Connections() int64 { return p.connections.Load() }
