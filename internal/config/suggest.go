package config

import "strings"

// Closest gives the word among the known ones that was probably meant, or "".
func Closest(word string, known []string) string {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if begun(word, k) {
			return k
		}
		if d := distance(strings.ToLower(word), strings.ToLower(k), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// begun tells whether a word is how another begins, dashes and case aside: four letters of it or more.
func begun(word, known string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }
	return len(word) >= 4 && strings.HasPrefix(plain(known), plain(word))
}

// DidYouMean gives "; did you mean "x"?" or "".
func DidYouMean(word string, known []string) string {
	if best := Closest(word, known); best != "" {
		return `; did you mean "` + best + `"?`
	}
	return ""
}

// distance counts the letters to insert, drop, change or swap with their neighbour to make b of a; it gives up at limit.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
