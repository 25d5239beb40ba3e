package m365sim

// Everything that looks random here is a pure function of the scenario's seed and of what it is asked for, so a
// scenario plays the same way each time, whatever the order of requests.

const (
	golden = 0x9e3779b97f4a7c15
	hexLow = "0123456789abcdef"
)

// mix is splitmix64's finaliser over a and b.
func mix(a, b uint64) uint64 {
	z := a + golden*(b+1)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// mixText folds text into seed (FNV-1a, then mixed).
func mixText(seed uint64, text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(seed, h)
}

// chance turns x into a number in [0, 1).
func chance(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// below turns x into a number in [0, n).
func below(x uint64, n int) int { return int((x >> 1) % uint64(n)) }

// appendGUID appends the version 4 GUID made of x.
func appendGUID(dst []byte, x uint64) []byte {
	hi, lo := mix(x, 1), mix(x, 2)
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	dst = appendHex(dst, hi>>32, 8)
	dst = append(dst, '-')
	dst = appendHex(dst, hi>>16, 4)
	dst = append(dst, '-')
	dst = appendHex(dst, hi, 4)
	dst = append(dst, '-')
	dst = appendHex(dst, lo>>48, 4)
	dst = append(dst, '-')
	return appendHex(dst, lo, 12)
}

func guid(x uint64) string { return string(appendGUID(make([]byte, 0, 36), x)) }

// appendHex appends the lowest n hexadecimal digits of x.
func appendHex(dst []byte, x uint64, n int) []byte {
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, hexLow[x>>(4*i)&15])
	}
	return dst
}

// appendDigits appends n decimal digits of x.
func appendDigits(dst []byte, x uint64, n int) []byte {
	at := len(dst)
	for range n {
		dst = append(dst, '0')
	}
	for i := n - 1; i >= 0; i-- {
		dst[at+i] = byte('0' + x%10)
		x /= 10
	}
	return dst
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
