package router

import (
	"math/bits"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// plant is a node that is made: the drafts from begin to end are its own and its children's.
type plant struct {
	node

	from, to int32
}

// tree makes a tree of drafts, which must be in order of byPath.
func (b *builder) tree(list []draft) tree {
	if len(list) == 0 {
		return tree{}
	}
	t := tree{entries: make([]entry, len(list))}
	for i := range list {
		t.entries[i] = list[i].entry
	}
	b.plants = append(b.plants[:0], plant{node: node{up: -1}, to: int32(len(list))})
	wide := 0
	for i := 0; i < len(b.plants); i++ { //nolint:intrange // plants are added meanwhile
		b.grow(list, int32(i))
		if size := int(b.plants[i].size); size > fewChildren {
			wide += size
		}
	}
	t.nodes = make([]node, len(b.plants))
	for i := range b.plants {
		t.nodes[i] = b.plants[i].node
	}
	clear(b.plants)
	t.branchOut(wide)
	return t
}

// grow finds the entries of a plant and adds its children at the end of all plants.
func (b *builder) grow(list []draft, at int32) {
	p := &b.plants[at]
	depth := len(p.path)
	p.begin, p.middle, p.end = p.from, p.from, p.from
	for p.end < p.to && len(list[p.end].path) == depth {
		if list[p.end].kind == config.PathExact {
			p.middle++
		}
		p.end++
	}
	up := p.up
	if p.middle < p.end {
		up = at
	}
	p.children = int32(len(b.plants))
	from, to := p.end, p.to
	for from < to { // p is of no use from here: b.plants may move
		path := list[from].path
		if end := strings.IndexByte(path[depth+1:], '/'); end >= 0 {
			path = path[:depth+1+end]
		}
		end := from + 1
		for end < to && below(list[end].path, path) {
			end++
		}
		b.plants = append(b.plants, plant{node: node{path: path, segment: int32(depth + 1), up: up}, from: from, to: end})
		from = end
	}
	b.plants[at].size = int32(len(b.plants)) - b.plants[at].children
}

// below says whether a path is the other one or leads through it.
func below(path, other string) bool {
	return strings.HasPrefix(path, other) && (len(path) == len(other) || path[len(other)] == '/')
}

// branchOut makes the hash table of n children of nodes that have many.
func (t *tree) branchOut(n int) {
	if n == 0 {
		return
	}
	t.wide = make([]branch, 1<<bits.Len(uint(n+n/2)))
	mask := uint32(len(t.wide) - 1)
	for at := range t.nodes {
		n := &t.nodes[at]
		if n.size <= fewChildren {
			continue
		}
		for child := n.children; child < n.children+n.size; child++ {
			hash := branchHash(int32(at), t.nodes[child].path[t.nodes[child].segment:])
			i := hash & mask
			for t.wide[i].node != 0 {
				i = (i + 1) & mask
			}
			t.wide[i] = branch{hash: hash, node: child}
		}
	}
}

// byPath orders drafts for a tree: those of a segment follow each other, those of one path go
// by precedence, exact before prefix. After them come methods, and then regular expressions by their own precedence.
func byPath(a, b draft) int {
	if x, y := kindOrder(a.kind), kindOrder(b.kind); x != y {
		return x - y
	}
	if a.kind == config.PathRegex {
		return byExpression(&a, &b)
	}
	if order := compareSegments(a.path, b.path); order != 0 {
		return order
	}
	if order := rank(b.kind == config.PathExact) - rank(a.kind == config.PathExact); order != 0 {
		return order
	}
	return byPrecedence(&a, &b)
}

// kindOrder is where drafts of a kind are in a list that is in order of byPath.
func kindOrder(kind config.PathKind) int {
	switch kind { //nolint:exhaustive // the others are in the tree
	case config.PathMethod:
		return 1
	case config.PathRegex:
		return 2
	}
	return 0
}

// compareSegments orders paths by bytes, the slash before all others: what is below "/a" comes
// before "/a-b".
func compareSegments(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		switch {
		case x == '/':
			return -1
		case y == '/':
			return 1
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
