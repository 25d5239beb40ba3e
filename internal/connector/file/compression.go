package file

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how the bytes of a file are packed.
type Compression string

// What a file can be.
const (
	None Compression = "none"
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
)

// UnmarshalText reads none, gzip or zstd.
func (c *Compression) UnmarshalText(text []byte) error {
	switch v := Compression(text); v {
	case None, Gzip, Zstd:
		*c = v
	default:
		return fmt.Errorf("%q is not a compression; take none, gzip or zstd", text)
	}
	return nil
}

// ext is the ending of a packed file.
func (c Compression) ext() string {
	switch c {
	case Gzip:
		return ".gz"
	case Zstd:
		return ".zst"
	default:
		return ""
	}
}

// Each batch ends with a mark, so that the end of a file tells whether it is whole: a line feed; an empty gzip member
// (RFC 1952); a skippable frame (RFC 8878, 3.1.2), which decoders pass over.
var marks = map[Compression][]byte{
	None: []byte("\n"),
	Gzip: {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	Zstd: append([]byte{0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0}, "headrace"...),
}

// whole tells whether a file of this size ends where a batch could have ended.
func (c Compression) whole(f io.ReaderAt, size int64) (bool, error) {
	if size == 0 {
		return true, nil
	}
	mark := marks[c]
	if size < int64(len(mark)) {
		return false, nil
	}
	tail := make([]byte, len(mark))
	if _, err := f.ReadAt(tail, size-int64(len(mark))); err != nil {
		return false, err
	}
	return bytes.Equal(tail, mark), nil
}

// A packer packs the lines of one file and one batch: a gzip member or zstd frame of its own, so that a file cut at the
// end of a batch is valid. It is for one goroutine.
type packer struct {
	compression Compression
	gzip        *gzip.Writer
	zstd        *zstd.Encoder
}

func newPacker(c Compression) (*packer, error) {
	p := &packer{compression: c}
	var err error
	switch c {
	case Gzip:
		p.gzip, err = gzip.NewWriterLevel(io.Discard, gzip.DefaultCompression)
	case Zstd:
		p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	}
	return p, err
}

// pack appends the packed lines to dst.
func (p *packer) pack(dst, lines []byte) ([]byte, error) {
	switch p.compression {
	case Gzip:
		out := bytes.NewBuffer(slices.Grow(dst, len(lines)/8))
		p.gzip.Reset(out)
		if _, err := p.gzip.Write(lines); err != nil {
			return dst, err
		}
		if err := p.gzip.Close(); err != nil {
			return dst, err
		}
		dst = out.Bytes()
	case Zstd:
		dst = p.zstd.EncodeAll(lines, dst)
	}
	return append(dst, marks[p.compression]...), nil
}
