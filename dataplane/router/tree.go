package router

import "strings"

// node is a segment in the tree of prefixes.
type node struct {
	children map[string]*node
	entries  []entry
	// up is the next shorter prefix that has entries.
	up *node
	// prefix is the whole prefix down to this node; "" for the root.
	prefix string
}

func (n *node) insert(e entry) {
	if e.path != "" {
		for segment := range strings.SplitSeq(e.path[1:], "/") {
			child := n.children[segment]
			if child == nil {
				if n.children == nil {
					n.children = map[string]*node{}
				}
				child = &node{prefix: n.prefix + "/" + segment}
				n.children[segment] = child
			}
			n = child
		}
	}
	n.entries = append(n.entries, e)
}

// finish sorts the entries and links every node to the next shorter prefix.
func (n *node) finish(up *node) {
	n.up = up
	sortEntries(n.entries)
	if len(n.entries) > 0 {
		up = n
	}
	for _, child := range n.children {
		child.finish(up)
	}
}

// find gives the deepest node on the way of a path; from there, up leads to all shorter prefixes.
func (n *node) find(path string) *node {
	for rest := path[1:]; rest != "" && n.children != nil; {
		segment, tail, _ := strings.Cut(rest, "/")
		child := n.children[segment]
		if child == nil {
			break
		}
		n, rest = child, tail
	}
	return n
}
