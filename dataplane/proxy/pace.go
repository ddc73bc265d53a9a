package proxy

import "time"

const (
	// paceWork is how long building goes on in one piece while requests may wait for the processor,
	// paceRest how long it rests then. Yielding alone would not do: a scheduler that has something to
	// run looks at the network only every ten milliseconds.
	paceWork = 50 * time.Microsecond
	paceRest = 50 * time.Microsecond
)

// pace lets requests run between the steps of a long piece of work.
type pace struct {
	on    bool
	since time.Time
}

// begin starts a piece of work; on says whether there may be requests.
func (p *pace) begin(on bool) { p.on, p.since = on, time.Now() }

// pause is called between steps, each of which should take less than paceWork.
func (p *pace) pause() {
	if !p.on || time.Since(p.since) < paceWork {
		return
	}
	time.Sleep(paceRest)
	p.since = time.Now()
}
