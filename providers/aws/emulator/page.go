package emulator

import (
	"encoding/base64"
	"sort"
)

// page is one page of a list that is sorted by key, and the marker of the next, which is empty on the last.
type page[T any] struct {
	items  []T
	marker string
}

// paginate cuts the page that begins at the marker. The size is the caller's wish within AWS's limit.
func paginate[T any](c *call, all []T, key func(T) string, marker string, size int) (page[T], error) {
	if most := c.server.opts.MaxPage; most > 0 {
		size = min(size, most)
	}
	from := 0
	if marker != "" {
		raw, err := base64.RawURLEncoding.DecodeString(marker)
		if err != nil {
			return page[T]{}, fail("ValidationError", "the marker %q is not one of ours", marker)
		}
		from = sort.Search(len(all), func(i int) bool { return key(all[i]) >= string(raw) })
	}
	if size <= 0 || from+size >= len(all) {
		return page[T]{items: all[from:]}, nil
	}
	return page[T]{all[from : from+size], base64.RawURLEncoding.EncodeToString([]byte(key(all[from+size])))}, nil
}

// pageSize is the wish, or the most AWS allows when there is none.
func pageSize(wish, most int) int {
	if wish <= 0 || wish > most {
		return most
	}
	return wish
}
