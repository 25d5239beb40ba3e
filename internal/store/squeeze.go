package store

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// squeezers are encoders that are kept while they are in use: making one costs a hundred times what packing a record does.
var squeezers = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil
	}
	return e
}}

// squeeze packs a body; an empty one stays empty.
func squeeze(body []byte) []byte {
	e, ok := squeezers.Get().(*zstd.Encoder)
	if len(body) == 0 || !ok {
		return []byte{}
	}
	defer squeezers.Put(e)
	return e.EncodeAll(body, nil)
}

func unsqueeze(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}
