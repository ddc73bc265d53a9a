package router

import (
	"cmp"
	"strings"
)

// byPrecedence orders the matches of one path: the first that fits wins. See config.Rule.
func byPrecedence(a, b *draft) int {
	x, y := a.predicates.orNothing(), b.predicates.orNothing()
	return cmp.Or(
		cmp.Compare(rank(y.method != ""), rank(x.method != "")),
		cmp.Compare(len(y.headers), len(x.headers)),
		cmp.Compare(len(y.query), len(x.query)),
		cmp.Compare(a.rule.Config.Created, b.rule.Config.Created),
		strings.Compare(a.rule.Config.Route, b.rule.Config.Route),
		cmp.Compare(a.rule.Config.Index, b.rule.Config.Index),
		cmp.Compare(a.order, b.order),
		cmp.Compare(a.place, b.place),
	)
}

// byExpression orders regular expressions: the longest first.
func byExpression(a, b *draft) int {
	return cmp.Or(cmp.Compare(len(b.path), len(a.path)), byPrecedence(a, b))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
