package dataset

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkShape is what the look at one record of 1.4 kB costs.
func BenchmarkShape(b *testing.B) {
	var body strings.Builder
	body.WriteString(`{"Id":"a","Many":[{"Name":"n","Value":"v"},{"Name":"m","Value":"w"}]`)
	for i := range 45 {
		fmt.Fprintf(&body, `,"Property%d":"some value %d"`, i, i)
	}
	body.WriteString("}")
	shape, record, now := NewShape(), []byte(body.String()), time.Now()
	b.ReportAllocs()
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		shape.AddAt(record, now)
	}
}
