package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// filesFlow writes the YAML of a flow from files into a file.
func filesFlow(dir, from string) (string, error) {
	text := fmt.Sprintf(`apiVersion: headrace/v1
kind: Source
metadata: { name: in }
spec: { connector: file, path: %q }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: out }
spec: { connector: file, path: %q, name: out.ndjson }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: copy }
spec: { source: in, destination: out }
`, from, filepath.Join(dir, "out"))
	file := filepath.Join(dir, "copy.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// passed runs a flow over one file and counts what came out.
func (b bench) passed(ctx context.Context, dir, from string, want int) (usage, error) {
	file, err := filesFlow(dir, from)
	if err != nil {
		return usage{}, err
	}
	u, n, err := b.collect(ctx, dir, file)
	if err == nil && n != want {
		err = fmt.Errorf("%d of %d records came out", n, want)
	}
	return u, err
}

// largeCSV is one table of five million rows.
func largeCSV(ctx context.Context, b bench) ([]row, error) {
	dir, err := b.folder("csv")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "parts.csv")
	var text bytes.Buffer
	text.WriteString("PartNumber,Name,Description,Price\n")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	for i := range b.rows {
		fmt.Fprintf(&text, "%d,Door hinge %d,\"Holds a door, of steel\",%d.%02d\n", 1_000_000+i, i, i%90, i%100)
		if text.Len() > 1<<20 || i == b.rows-1 {
			if _, err := text.WriteTo(f); err != nil {
				return nil, err
			}
		}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	u, err := b.passed(ctx, dir, path, b.rows)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("a CSV of %d rows: peak memory", b.rows), mib(u.peak), "≤ 300 MiB"},
		{"… speed", fmt.Sprintf("%.0f rows/s (%s)", float64(b.rows)/u.wall.Seconds(), u.wall.Round(100*time.Millisecond)), "shown"},
	}, nil
}

// largePDF is one document of a thousand pages.
func largePDF(ctx context.Context, b bench) ([]row, error) {
	const pages = 1000
	dir, err := b.folder("pdf")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "handbook.pdf")
	if err := os.WriteFile(path, pdf(pages), 0o600); err != nil {
		return nil, err
	}
	u, err := b.passed(ctx, dir, path, 1)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "out.ndjson"))
	if err != nil {
		return nil, err
	}
	for i := range pages {
		if !bytes.Contains(text, fmt.Appendf(nil, "Page %d says", i)) {
			return nil, fmt.Errorf("page %d has not come out", i)
		}
	}
	return []row{{fmt.Sprintf("a PDF of %d pages: peak memory", pages), fmt.Sprintf("%s (%s)", mib(u.peak), u.wall.Round(100*time.Millisecond)), "≤ 300 MiB"}}, nil
}

// pdf makes a document with forty lines on each page.
func pdf(pages int) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"}
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", len(objects)+1)
		var text strings.Builder
		fmt.Fprintf(&text, "BT /F1 9 Tf 14 TL 50 750 Td (Page %d says) Tj T* ", i)
		for line := range 40 {
			fmt.Fprintf(&text, "(Line %d of what is allowed on a journey, who signs, and what it may cost at most.) Tj T* ", line)
		}
		text.WriteString("ET")
		objects = append(objects, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", len(objects)+2),
			fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", text.Len(), text.String()))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids.String())
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}
