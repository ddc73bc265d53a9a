package try

import (
	"regexp"
	"strings"
)

// sample is a text that a regular expression matches as a whole. ok is false if none was found: it is a guess
// from the expression's plain parts, tried before it is given.
func sample(expression string) (text string, ok bool) {
	whole, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	if err != nil {
		return "", false
	}
	for _, guess := range []string{
		plain.Replace(expression), first(plain.Replace(expression)), "1", "a", "A", "true",
	} {
		if whole.MatchString(guess) {
			return guess, true
		}
	}
	return "", false
}

// plain drops what stands for anything.
var plain = strings.NewReplacer(
	"(?i)", "", ".*", "", ".+", "x", "^", "", "$", "", `\.`, ".", `\/`, "/", `\d+`, "1", `\w+`, "a",
	"[^/]+", "x", "[0-9]+", "1", "[a-z]+", "a", "(", "", ")", "",
)

// first is the first of several alternatives.
func first(expression string) string {
	text, _, _ := strings.Cut(expression, "|")
	return text
}
