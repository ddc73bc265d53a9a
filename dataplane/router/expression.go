package router

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"sort"
	"strings"
)

// expression is a regular expression that must match the whole of a text.
type expression struct {
	regex *regexp.Regexp
	// literal is what every text that fits begins with.
	literal string
	// needs are what every text that fits has somewhere, of each of them one or more.
	needs []alternatives
}

// compile gives the compiled form of an expression, the same one for the same text.
func (b *builder) compile(text string) (*expression, error) {
	if known := b.compiled[text]; known != nil {
		return known, nil
	}
	tree, err := syntax.Parse(text, syntax.Perl) // by itself: what is around it must not complete it
	if err != nil {
		return nil, err
	}
	e := &expression{literal: literalPrefix(tree), needs: needs(tree)}
	if e.regex, err = regexp.Compile(`\A(?:` + text + `)\z`); err != nil {
		return nil, err
	}
	b.compiled[text] = e
	return e, nil
}

// expressions finds the first of many regular expressions that fits. Only those are run whose
// literal beginning the path has, and of these, when they are many, only those one of whose needs
// the path has. What has neither is run for each path: it costs as much as it would alone.
type expressions struct {
	// list is in precedence.
	list []tested
	// literals are in order of their texts.
	literals []literal
}

type tested struct {
	entry

	regex *regexp.Regexp
}

// literal is the expressions that begin with a text, as places in the list, lowest first.
type literal struct {
	text string
	// up is the next shorter literal that this one begins with, -1 when there is none.
	up int32
	// always are tried for each path that begins with the text.
	always []int32
	// some are tried only when the path has what they need.
	some []grams
}

// fewExpressions of one literal are tried without a look at what they need.
const fewExpressions = 8

// expressions makes the structure for drafts in order of byExpression, nil for none.
func (b *builder) expressions(list []draft) *expressions {
	if len(list) == 0 {
		return nil
	}
	x := &expressions{list: make([]tested, len(list))}
	byLiteral := map[string][]int32{}
	for i := range list {
		compiled := b.compiled[list[i].path]
		x.list[i] = tested{entry: list[i].entry, regex: compiled.regex}
		byLiteral[compiled.literal] = append(byLiteral[compiled.literal], int32(i))
	}
	x.literals = make([]literal, 0, len(byLiteral))
	for text, places := range byLiteral {
		l := literal{text: text, always: places}
		if len(places) > fewExpressions {
			l.always, l.some = split(places, func(place int32) []alternatives { return b.compiled[list[place].path].needs })
		}
		x.literals = append(x.literals, l)
	}
	slices.SortFunc(x.literals, func(a, b literal) int { return strings.Compare(a.text, b.text) })
	for i := range x.literals {
		// What comes before a text and is no beginning of it leads to the next shorter beginning.
		up := int32(i - 1)
		for up >= 0 && !strings.HasPrefix(x.literals[i].text, x.literals[up].text) {
			up = x.literals[up].up
		}
		x.literals[i].up = up
	}
	return x
}

// deepest gives the longest literal that a path begins with, or -1.
func (x *expressions) deepest(path string) int32 {
	after := sort.Search(len(x.literals), func(i int) bool { return x.literals[i].text > path })
	at := int32(after - 1)
	for at >= 0 && !strings.HasPrefix(path, x.literals[at].text) {
		at = x.literals[at].up
	}
	return at
}

// search is for the first expression that fits a request.
type search struct {
	*expressions

	req *Request
	// best is the place of the best one so far; the length of the list when there is none.
	best int32
	// tried is how many expressions were run.
	tried int
}

// find gives the entry of the first expression that fits, nil if none does, and how many were run.
func (x *expressions) find(req *Request) (*entry, int) {
	s := search{expressions: x, req: req, best: int32(len(x.list))}
	for at := x.deepest(req.Path); at >= 0; at = x.literals[at].up {
		l := &x.literals[at]
		s.all(l.always)
		for i := range l.some {
			l.some[i].find(&s)
		}
	}
	if int(s.best) == len(x.list) {
		return nil, s.tried
	}
	return &x.list[s.best].entry, s.tried
}

// all tries expressions in order until one is no better than what was found.
func (s *search) all(places []int32) {
	for _, place := range places {
		if place >= s.best {
			return
		}
		e := &s.list[place]
		if !e.fits(s.req) {
			continue
		}
		s.tried++
		if e.regex.MatchString(s.req.Path) {
			s.best = place
			return
		}
	}
}
