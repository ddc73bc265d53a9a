package router

import "strings"

// tree finds exact paths and prefixes by their segments. It lies in three arrays, which take little
// memory and few loads.
type tree struct {
	// nodes are in order of their depth; the children of a node follow each other. The first one is
	// the root; there are none when the tree is empty.
	nodes []node
	// entries are in order of their paths; those of one node follow each other, in precedence.
	entries []entry
	// wide finds the children of nodes that have many.
	wide []branch
}

// node is a segment of a path.
type node struct {
	// path is the whole path down to this node, "" for the root; its last segment begins at segment.
	path    string
	segment int32
	// up is the next shorter prefix that has entries, -1 when there is none.
	up int32
	// children begin at this node.
	children, size int32
	// The entries from begin to middle are for the exact path, those from there to end for the prefix.
	begin, middle, end int32
}

// branch is a place in a hash table of children.
type branch struct {
	hash uint32
	node int32 // 0 for an empty place: the root is nobody's child
}

// fewChildren are compared one by one.
const fewChildren = 8

// exact gives the entries for the exact path of a node.
func (t *tree) exact(at int32) []entry { return t.entries[t.nodes[at].begin:t.nodes[at].middle] }

// prefixed gives the entries for the prefix that a node is.
func (t *tree) prefixed(at int32) []entry { return t.entries[t.nodes[at].middle:t.nodes[at].end] }

// slashed is the prefix of the node as Result tells it.
func (n *node) slashed() string {
	if n.path == "" {
		return "/"
	}
	return n.path
}

// walk gives the deepest node on the way of a path, and whether it is the whole path; from there,
// up leads to all shorter prefixes. It is -1 for an empty tree. It takes as many steps as the
// deepest path in the tree has segments, or less.
func (t *tree) walk(path string) (at int32, whole bool) {
	if len(t.nodes) == 0 {
		return -1, false
	}
	if path[0] != '/' {
		return 0, false // such as "*", which is below "/"
	}
	for begin := 1; t.nodes[at].size > 0; {
		end := strings.IndexByte(path[begin:], '/')
		if end < 0 {
			end = len(path)
		} else {
			end += begin
		}
		child := t.child(at, path[begin:end])
		if child < 0 {
			return at, false
		}
		if at = child; end == len(path) {
			return at, true
		}
		begin = end + 1
	}
	return at, false
}

// child gives the child of a node for a segment, or -1.
func (t *tree) child(at int32, segment string) int32 {
	begin := t.nodes[at].children
	end := begin + t.nodes[at].size
	if end-begin > fewChildren {
		return t.wideChild(at, segment)
	}
	for i := begin; i < end; i++ {
		if t.nodes[i].is(segment) {
			return i
		}
	}
	return -1
}

func (t *tree) wideChild(at int32, segment string) int32 {
	begin := t.nodes[at].children
	end := begin + t.nodes[at].size
	hash := branchHash(at, segment)
	mask := uint32(len(t.wide) - 1)
	for i := hash & mask; t.wide[i].node != 0; i = (i + 1) & mask {
		child := t.wide[i].node
		if t.wide[i].hash == hash && begin <= child && child < end && t.nodes[child].is(segment) {
			return child
		}
	}
	return -1
}

func (n *node) is(segment string) bool { return n.path[n.segment:] == segment }

// branchHash is of a segment as a child of one node: many nodes may have children of equal names.
func branchHash(parent int32, segment string) uint32 {
	hash := hashOf(segment) ^ uint64(parent)*0x9e3779b97f4a7c15
	return uint32(hash >> 32)
}
