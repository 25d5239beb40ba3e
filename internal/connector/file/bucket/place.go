package bucket

import "encoding/binary"

// joinPlace writes the page that a walk is in and the last key of it that was passed.
func joinPlace(token, last string) string {
	b := binary.AppendUvarint(make([]byte, 0, len(token)+len(last)+binary.MaxVarintLen64), uint64(len(token)))
	return string(append(append(b, token...), last...))
}

// splitPlace reads it; what joinPlace did not write is the beginning.
func splitPlace(place string) (token, last string) {
	n, w := binary.Uvarint([]byte(place))
	if w <= 0 || n > uint64(len(place)-w) {
		return "", ""
	}
	return place[w : w+int(n)], place[w+int(n):]
}
