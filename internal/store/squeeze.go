package store

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Encoders and decoders are kept while they are in use: making one costs a hundred times what packing a record does. Making
// one fails only for settings that there aren't.
var (
	squeezers = sync.Pool{New: func() any {
		e, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
		return e
	}}
	unsqueezers = sync.Pool{New: func() any {
		d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(1<<30))
		return d
	}}
)

// squeeze packs a body; an empty one stays empty.
func squeeze(body []byte) []byte {
	if len(body) == 0 {
		return []byte{}
	}
	e := squeezers.Get().(*zstd.Encoder)
	defer squeezers.Put(e)
	return e.EncodeAll(body, nil)
}

func unsqueeze(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	d := unsqueezers.Get().(*zstd.Decoder)
	defer unsqueezers.Put(d)
	return d.DecodeAll(packed, nil)
}
