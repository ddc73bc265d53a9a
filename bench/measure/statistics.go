// Package measure tells what processes use, and what a series of measurements says.
package measure

import (
	"math"
	"slices"
)

// Median is the middle of the values, the mean of the two middle ones if their number is even, and
// NaN if there are none. Values that are NaN are left out.
func Median(values []float64) float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Ratios are the quotients a/b round by round: a machine's drift is in both and cancels out. A
// round that either has not, or in which b is 0, gives NaN.
func Ratios(a, b []float64) []float64 {
	ratios := make([]float64, min(len(a), len(b)))
	for i := range ratios {
		ratios[i] = math.NaN()
		if b[i] != 0 {
			ratios[i] = a[i] / b[i]
		}
	}
	return ratios
}

// Spread is the least and the greatest of the values that are numbers, NaN if there are none.
func Spread(values []float64) (least, greatest float64) {
	numbers := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(numbers) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(numbers), slices.Max(numbers)
}
