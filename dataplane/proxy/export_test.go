package proxy

// Parked is how many connections wait without a goroutine.
func (p *Proxy) Parked() int { return p.lot.Parked() }
