package http2

import "slices"

// recentStreams is how many streams that were reset from this side are remembered.
const recentStreams = 256

// recent remembers the streams that were reset from this side last: the peer may have sent more on
// them before it heard of that, and must not be blamed (RFC 9113 section 5.1).
type recent struct {
	ids  []uint32
	next int
}

func (r *recent) add(id uint32) {
	if len(r.ids) < recentStreams {
		r.ids = append(r.ids, id)
		return
	}
	r.ids[r.next] = id
	r.next = (r.next + 1) % recentStreams
}

func (r *recent) has(id uint32) bool {
	return slices.Contains(r.ids, id)
}
