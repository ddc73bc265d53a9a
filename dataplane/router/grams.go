package router

import (
	"math/bits"
	"unicode/utf8"
)

// gram is four bytes in a row, in lower case.
type gram uint32

const gramLength = 4

// grams finds expressions by what they need: each one has its place under a gram of each of its
// alternatives, the rarest. A path is walked once, whatever the number of expressions is.
type grams struct {
	slots []gramSlot
	// places are those of all grams, each gram's lowest first.
	places []int32
	shift  int
}

// gramSlot is a place in a hash table.
type gramSlot struct {
	gram gram // 0 for an empty slot: no path and no need has four zero bytes
	from int32
	to   int32
}

// mostGrams bounds the grams of one table, and with that the memory that a search takes. With more
// there are several tables.
const mostGrams = 1 << 12

// split tells places whose expressions need something that a gram can be of from those that are
// always to be tried.
func split(places []int32, needs func(place int32) []alternatives) (always []int32, some []grams) {
	common := map[gram]int{}
	for _, place := range places {
		for _, need := range needs(place) {
			need.count(common)
		}
	}
	table := map[gram][]int32{}
	for _, place := range places {
		chosen := rarest(needs(place), common)
		if chosen == nil {
			always = append(always, place)
			continue
		}
		if len(table)+len(chosen) > mostGrams {
			some = append(some, newGrams(table))
			table = map[gram][]int32{}
		}
		for _, g := range chosen {
			table[g] = append(table[g], place)
		}
	}
	if len(table) > 0 {
		some = append(some, newGrams(table))
	}
	return always, some
}

// count counts the grams of all texts.
func (a alternatives) count(grams map[gram]int) {
	for _, text := range a {
		for g := range gramsOf(text) {
			grams[g]++
		}
	}
}

// gramsOf walks the grams of a text that is in lower case.
func gramsOf(text string) func(yield func(gram) bool) {
	return func(yield func(gram) bool) {
		var g gram
		for i := range len(text) {
			g = g<<8 | gram(text[i])
			if i >= gramLength-1 && g != 0 && !yield(g) {
				return
			}
		}
	}
}

// rarest gives a gram for each text of the alternatives that the fewest expressions share, nil when
// there are no alternatives long enough.
func rarest(needs []alternatives, common map[gram]int) (best []gram) {
	least := 0
	for _, need := range needs {
		chosen, sum := need.rarest(common)
		if len(chosen) == len(need) && (best == nil || sum < least) {
			best, least = chosen, sum
		}
	}
	return best
}

// rarest gives the rarest gram of each text that has any, and how many expressions share them.
func (a alternatives) rarest(common map[gram]int) (chosen []gram, sum int) {
	for _, text := range a {
		var rare gram
		for g := range gramsOf(text) {
			if rare == 0 || common[g] < common[rare] {
				rare = g
			}
		}
		if rare != 0 {
			chosen = append(chosen, rare)
			sum += common[rare]
		}
	}
	return chosen, sum
}

func newGrams(table map[gram][]int32) grams {
	width := bits.Len(uint(2*len(table) - 1))
	x := grams{slots: make([]gramSlot, 1<<width), shift: 32 - width}
	for g, places := range table {
		from := int32(len(x.places))
		x.places = append(x.places, places...)
		i := x.home(g)
		for x.slots[i].gram != 0 {
			i = (i + 1) & (len(x.slots) - 1)
		}
		x.slots[i] = gramSlot{gram: g, from: from, to: int32(len(x.places))}
	}
	return x
}

func (x *grams) home(g gram) int { return int(uint32(g) * 0x9e3779b1 >> x.shift) }

// find tries the expressions that have a gram of the path, each gram's once.
func (x *grams) find(s *search) {
	var seen [2 * mostGrams / 64]uint64
	var g gram
	path := s.req.Path
	for i := range len(path) {
		if path[i] >= utf8.RuneSelf {
			x.each(s) // no path in normal form: letters beyond ASCII may be ASCII letters in another case
			return
		}
		g = g<<8 | gram(lower(path[i]))
		at := x.slot(g)
		if at < 0 || seen[at/64]&(1<<(at%64)) != 0 {
			continue
		}
		seen[at/64] |= 1 << (at % 64)
		s.all(x.places[x.slots[at].from:x.slots[at].to])
	}
}

// slot finds the slot of a gram, or -1.
func (x *grams) slot(g gram) int {
	for at := x.home(g); x.slots[at].gram != 0; at = (at + 1) & (len(x.slots) - 1) {
		if x.slots[at].gram == g {
			return at
		}
	}
	return -1
}

// each tries all expressions.
func (x *grams) each(s *search) {
	for i := range x.slots {
		s.all(x.places[x.slots[i].from:x.slots[i].to])
	}
}
