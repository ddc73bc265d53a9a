package router

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// literalPrefix gives what every text that fits a whole expression begins with.
func literalPrefix(tree *syntax.Regexp) string {
	text, _ := leading(tree)
	return text
}

// leading gives the literal that a part of an expression begins with, and whether that is all of it.
func leading(tree *syntax.Regexp) (text string, all bool) {
	switch tree.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine:
		return "", true
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase != 0 {
			return "", false
		}
		return string(tree.Rune), true
	case syntax.OpCapture:
		return leading(tree.Sub[0])
	case syntax.OpPlus:
		text, _ = leading(tree.Sub[0])
		return text, false
	case syntax.OpRepeat:
		if tree.Min > 0 {
			text, _ = leading(tree.Sub[0])
		}
		return text, false
	case syntax.OpConcat:
		var whole strings.Builder
		for _, sub := range tree.Sub {
			part, all := leading(sub)
			whole.WriteString(part)
			if !all {
				return whole.String(), false
			}
		}
		return whole.String(), true
	}
	return "", false
}

// alternatives are texts of which one or more must be there, in lower case.
type alternatives []string

const (
	// maxAlternatives bounds what one expression adds to an index.
	maxAlternatives = 16
	// maxNeeds bounds how many parts of an expression are considered.
	maxNeeds = 16
)

// needs gives what every text that fits an expression has somewhere, without regard to case.
func needs(tree *syntax.Regexp) []alternatives {
	switch tree.Op {
	case syntax.OpLiteral:
		if text, ok := lowered(tree); ok {
			return []alternatives{{text}}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needs(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return needs(tree.Sub[0])
		}
	case syntax.OpConcat:
		var all []alternatives
		for _, sub := range tree.Sub {
			all = append(all, needs(sub)...)
		}
		return all[:min(len(all), maxNeeds)]
	case syntax.OpAlternate:
		return either(tree.Sub)
	}
	return nil
}

// either gives what one or another of several expressions needs.
func either(subs []*syntax.Regexp) []alternatives {
	var united alternatives
	for _, sub := range subs {
		best := longest(needs(sub))
		united = append(united, best...)
		if best == nil || len(united) > maxAlternatives {
			return nil
		}
	}
	return []alternatives{united}
}

// longest gives the alternatives whose shortest text is the longest.
func longest(all []alternatives) (best alternatives) {
	for _, one := range all {
		if best == nil || one.shortest() > best.shortest() {
			best = one
		}
	}
	return best
}

func (a alternatives) shortest() int {
	n := len(a[0])
	for _, text := range a[1:] {
		n = min(n, len(text))
	}
	return n
}

// lowered gives a literal in lower case. It is false for a literal that has case beyond ASCII.
func lowered(tree *syntax.Regexp) (string, bool) {
	text := []byte(string(tree.Rune))
	for i, c := range text {
		if c >= utf8.RuneSelf {
			return "", false
		}
		text[i] = lower(c)
	}
	return string(text), true
}

// lower gives an ASCII letter in lower case and any other byte as it is.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
