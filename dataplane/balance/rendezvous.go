package balance

// rendezvous gives the endpoint that ranks highest for the key: each endpoint and key have a rank
// of their own, so an endpoint that leaves or comes moves its own keys alone, and each of them to
// the endpoint that ranks next (highest random weight hashing). All proxies agree without a word.
// It takes a nanosecond or two for each endpoint.
func (q *query) rendezvous() *Endpoint {
	for asked := good; asked <= anyone; asked++ {
		var best *Endpoint
		highest := uint64(0)
		for i, hash := range q.from.hashes {
			weight := mix(hash ^ q.key)
			if (best == nil || weight > highest) && q.fits(q.from.list[i], asked) {
				best, highest = q.from.list[i], weight
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// Key makes a key for PickBy of a text. It is the same in all processes (FNV-1a).
func Key(text string) uint64 {
	hash := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 0x100000001b3
	}
	return mix(hash)
}

// mix spreads each bit of x over all bits (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
