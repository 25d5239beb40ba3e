package extract

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// If this fails after an upgrade, look at what compiling PDFium takes now and at which functions are large.
func TestTrimmingLeavesOutThreeFunctions(t *testing.T) {
	t.Parallel()
	trimmed, left, err := trim(pdfiumWasm)
	if err != nil || left != 3 || len(trimmed) >= len(pdfiumWasm)-400_000 || len(pdfiumWasm) < 1<<20 {
		t.Errorf("%d of %d bytes stay, %d functions are left out, %v", len(trimmed), len(pdfiumWasm), left, err)
	}
	for _, n := range []int{0, 4, 9, 100, 20_000, len(pdfiumWasm) / 2} {
		if _, _, err := trim(pdfiumWasm[:n]); err == nil && n != 8 {
			t.Errorf("the first %d bytes are taken for a module", n)
		}
	}
}

// HEADRACE_PDFS names a folder of PDFs of all kinds, like the library's own test data: trimmed or whole, PDFium reads the same.
func TestTrimmedAndWholeReadTheSame(t *testing.T) {
	dir := os.Getenv("HEADRACE_PDFS")
	if dir == "" {
		t.Skip("HEADRACE_PDFS is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no PDFs: %v", err)
	}
	limits := Limits{Text: 1 << 24, Time: time.Minute}
	fell, texts := 0, 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := once(context.Background(), false, "pdf", "utf-8", data, limits)
		b, errB := once(context.Background(), true, "pdf", "utf-8", data, limits)
		switch {
		case errors.Is(errA, errTrimmed):
			fell++
		case (errA == nil) != (errB == nil) || a.Text != b.Text || a.Title != b.Title || !bytes.Equal(a.Meta, b.Meta):
			t.Errorf("%s: %v, %v", name, errA, errB)
		case errA == nil:
			texts++
		}
		if errB != nil {
			t.Logf("%s: %v", filepath.Base(name), errB)
		}
	}
	t.Logf("%d PDFs: %d have text, %d needed the whole", len(files), texts, fell)
}
