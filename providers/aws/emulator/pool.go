package emulator

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// pool is a target group's targets with what is known of their health.
type pool struct {
	plane *plane

	mu      sync.Mutex
	spec    poolSpec
	members []*member
	turn    int
}

// member is one registration of one target. A target that is registered again is another member.
type member struct {
	key     string
	address string
	target  target
	// gone is called when the target has drained; onGone runs a function then.
	gone   func()
	onGone func(func()) func() bool

	// Guarded by the pool's mu.
	state     health
	passed    int
	failed    int
	stopCheck context.CancelFunc // nil while the target is not checked
}

func newPool(p *plane) *pool { return &pool{plane: p} }

var initialHealth = health{"initial", "Elb.RegistrationInProgress", "Target registration is in progress"}

// follow makes the members those of the spec and keeps what is known of those that stay.
func (p *pool) follow(spec poolSpec) {
	p.mu.Lock()
	defer p.mu.Unlock()
	recheck := p.spec.check != spec.check
	p.spec = spec
	old := map[string]*member{}
	for _, m := range p.members {
		old[m.key] = m
	}
	p.members = nil
	for _, t := range spec.targets {
		key := targetKey(t.ID, t.Port)
		m := old[key]
		if m == nil || !m.target.Registered.Equal(t.Registered) {
			m = newMember(t)
		} else {
			delete(old, key)
		}
		m.target = t
		p.members = append(p.members, m)
	}
	for _, m := range old {
		m.gone()
		m.endCheck()
	}
	slices.SortFunc(p.members, func(a, b *member) int { return strings.Compare(a.key, b.key) })
	for _, m := range p.members {
		checked := spec.used && spec.check.Enabled && !m.target.draining()
		if m.stopCheck != nil && (recheck || !checked) {
			m.endCheck()
		}
		switch {
		case m.target.draining():
		case !spec.used:
			m.state, m.passed, m.failed = initialHealth, 0, 0
		case !spec.check.Enabled:
			m.state = health{State: "healthy"}
		case m.stopCheck == nil:
			p.startCheck(m)
		}
	}
}

func newMember(t target) *member {
	m := &member{
		key: targetKey(t.ID, t.Port), address: net.JoinHostPort(t.ID, strconv.Itoa(t.Port)), state: initialHealth,
	}
	life, gone := context.WithCancel(context.Background())
	m.gone = gone
	m.onGone = func(f func()) func() bool { return context.AfterFunc(life, f) }
	return m
}

func (m *member) endCheck() {
	if m.stopCheck != nil {
		m.stopCheck()
		m.stopCheck = nil
	}
}

// pick is the next target in turn: of the healthy ones or, if there is none, of all that are not draining.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (p *pool) pick() (*member, poolSpec) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var healthy, open []*member
	for _, m := range p.members {
		if m.target.draining() {
			continue
		}
		open = append(open, m)
		if m.state.State == "healthy" {
			healthy = append(healthy, m)
		}
	}
	if len(healthy) > 0 {
		open = healthy
	}
	if len(open) == 0 {
		return nil, p.spec
	}
	p.turn++
	return open[p.turn%len(open)], p.spec
}

func (p *pool) health(key string) health {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		if m.key == key {
			return m.state
		}
	}
	return initialHealth
}

// judge counts a check's result. The first passed check makes a new target healthy; after that, thresholds count.
func (p *pool) judge(m *member, failure health) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if failure.State == "" {
		m.passed, m.failed = m.passed+1, 0
		if m.state.State == "initial" || m.passed >= p.spec.check.Healthy {
			m.state = health{State: "healthy"}
		}
		return
	}
	m.passed, m.failed = 0, m.failed+1
	if m.failed >= p.spec.check.Unhealthy {
		m.state = failure
	} else if m.state.State == "initial" {
		m.state.Reason, m.state.Description = "Elb.InitialHealthChecking", "Initial health checks in progress"
	}
}

// codeMatches tells whether "200", "200,301" or "200-399" has the code.
func codeMatches(matcher string, code int) bool {
	for part := range strings.SplitSeq(matcher, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && code >= from && code <= to {
			return true
		}
	}
	return false
}
